// A webcam of files, for LD_PRELOAD: opening the path in FAKE_WEBCAM gives a Video4Linux device
// that speaks MJPEG only. Every frame is the JPEG that then lies in FAKE_WEBCAM.jpg, as it is; a
// device whose path is gone has been unplugged. FAKE_WEBCAM_RIGID refuses to set a frame rate.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (1 << 20)
#define BUFFERS 16
#define STRIDE (16 << 20)  // between the offsets that stand for buffers

static int device = -1;
static void *buffers[BUFFERS];
static unsigned next;

static const char *device_path(void) { return getenv("FAKE_WEBCAM"); }

static int open_device(void) {
    next = 0;
    return device = eventfd(1, 0);  // readable at any time
}

static unsigned read_jpeg(void *target) {
    char path[4096];
    snprintf(path, sizeof path, "%s.jpg", device_path());
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    unsigned length = fread(target, 1, LENGTH, file);
    fclose(file);
    return length;
}

static void describe(struct v4l2_pix_format *pixels) {
    memset(pixels, 0, sizeof *pixels);
    pixels->width = 960;
    pixels->height = 540;
    pixels->pixelformat = V4L2_PIX_FMT_MJPEG;
    pixels->sizeimage = LENGTH;
}

static int control(unsigned long request, void *argument) {
    switch (request & 0xffffffffUL) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *it = argument;
        memset(it, 0, sizeof *it);
        strcpy((char *)it->card, "A camera of files");
        it->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *it = argument;
        if (it->index || it->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return errno = EINVAL, -1;
        it->pixelformat = V4L2_PIX_FMT_MJPEG;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
        describe(&((struct v4l2_format *)argument)->fmt.pix);
        return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *it = argument;
        if (getenv("FAKE_WEBCAM_RIGID")) return errno = EINVAL, -1;
        it->parm.capture.timeperframe.numerator = 1;
        it->parm.capture.timeperframe.denominator = 25;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *it = argument;
        it->length = LENGTH;
        it->m.offset = it->index * STRIDE;
        return 0;
    }
    case VIDIOC_DQBUF: {
        struct v4l2_buffer *it = argument;
        usleep(40000);
        if (access(device_path(), F_OK)) return errno = ENODEV, -1;
        it->index = next++ % 4;
        it->bytesused = read_jpeg(buffers[it->index]);
        it->length = LENGTH;
        it->flags = 0;
        return 0;
    }
    case VIDIOC_REQBUFS:
    case VIDIOC_QBUF:
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
        return 0;
    default:
        return errno = EINVAL, -1;
    }
}

#define OPEN(name)                                                              \
    int name(const char *path, int flags, ...) {                                \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        int mode = va_arg(rest, int);                                           \
        va_end(rest);                                                           \
        const char *ours = device_path();                                       \
        if (path && ours && !strcmp(path, ours)) return open_device();          \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);          \
        return real(path, flags, mode);                                         \
    }
OPEN(open)
OPEN(open64)

#define MMAP(name)                                                                        \
    void *name(void *at, size_t length, int access, int flags, int fd, off_t offset) {    \
        void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, #name);    \
        if (fd < 0 || fd != device) return real(at, length, access, flags, fd, offset);   \
        flags = MAP_PRIVATE | MAP_ANONYMOUS;                                              \
        void *memory = real(0, length, PROT_READ | PROT_WRITE, flags, -1, 0);             \
        return buffers[offset / STRIDE % BUFFERS] = memory;                               \
    }
MMAP(mmap)
MMAP(mmap64)

int close(int fd) {
    if (fd >= 0 && fd == device) device = -1;
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    return real(fd);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (fd >= 0 && fd == device) return control(request, argument);
    int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    return real(fd, request, argument);
}
