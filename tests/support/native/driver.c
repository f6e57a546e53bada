// A Vulkan driver that crashes as soon as it is loaded; built with -DHANG it hangs, with -DHARMLESS
// it is a library without any interface.
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void loaded(void) {
#if defined HANG
  for (;;) sleep(1);
#elif !defined HARMLESS
  abort();
#endif
}
