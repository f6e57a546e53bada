// A TFLite delegate that takes no node: the model runs on the CPU's kernels, by way of a library.
// Options: refuse=1 is refused with a message, fail=1 fails when the graph is prepared; any other
// but speed=2 and quiet=true is refused too.
// The interface is TFLite's external_delegate_interface.h; TfLiteDelegate is of its common.h.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct delegate {
  void *data;
  int (*prepare)(void *context, struct delegate *self);
  int (*from_buffer)(void *, struct delegate *, int, void *);
  int (*to_buffer)(void *, struct delegate *, int, void *);
  void (*free_buffer)(void *, struct delegate *, int *);
  int64_t flags;
  void *opaque_builder;
};

static int good(void *context, struct delegate *self) { return 0; }
static int bad(void *context, struct delegate *self) { return 1; }

void *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                    void (*report)(const char *)) {
  struct delegate *made = calloc(1, sizeof *made);
  made->prepare = good;
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(keys[i], "refuse")) {
      report("the board has no such chip");
      free(made);
      return NULL;
    }
    if (!strcmp(keys[i], "fail")) made->prepare = bad;
    else if ((strcmp(keys[i], "speed") || strcmp(values[i], "2")) &&
             (strcmp(keys[i], "quiet") || strcmp(values[i], "true"))) {
      report(keys[i]);
      free(made);
      return NULL;
    }
  }
  return made;
}

void tflite_plugin_destroy_delegate(void *delegate) { free(delegate); }
