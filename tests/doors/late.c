/* SPDX-License-Identifier: MIT
 *
 * A program that is not linked with ROCm and loads HIP when it already runs, privately. With a door
 * in the loader's way its own calls reach the GPU from then on, too: by its slots and by a variable
 * that has held libc's function from the start.
 *
 *   late LIBRARY
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int (*open_variable)(const char *path, int flags, ...) = open;

static bool opens(int (*function)(const char *path, int flags, ...))
{
    int fd = function("/dev/kfd", O_RDWR | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);

    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

static void hip_ok(int error, const char *what)
{
    if (error == 0)
        return;
    fprintf(stderr, "%s: HIP error %d\n", what, error);
    exit(1);
}

/* Writes through the GPU and reads it back. */
static void use_hip(void *library)
{
    int (*hip_malloc)(void **memory, size_t bytes) = symbol(library, "hipMalloc");
    int (*hip_memset)(void *memory, int value, size_t bytes) = symbol(library, "hipMemset");
    int (*hip_memcpy)(void *to, const void *from, size_t bytes, int kind) =
        symbol(library, "hipMemcpy");
    static unsigned char back[1 << 16];
    void *memory;

    hip_ok(hip_malloc(&memory, sizeof back), "hipMalloc");
    hip_ok(hip_memset(memory, 0x5a, sizeof back), "hipMemset");
    hip_ok(hip_memcpy(back, memory, sizeof back, 2 /* device to host */), "hipMemcpy");
    for (size_t i = 0; i < sizeof back; i++) {
        if (back[i] != 0x5a) {
            fprintf(stderr, "byte %zu is 0x%02x\n", i, back[i]);
            exit(1);
        }
    }
}

int main(int argc, char **argv)
{
    bool before = opens(open);
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (!library) {
        fprintf(stderr, "usage: late LIBRARY; %s\n", argc > 1 ? dlerror() : "no library");
        return 2;
    }
    use_hip(library);
    if (before || !opens(open) || !opens(open_variable)) {
        fprintf(stderr, "/dev/kfd: %s before, %s after, %s by a variable\n",
                before ? "opens" : "does not open", opens(open) ? "opens" : "does not open",
                opens(open_variable) ? "opens" : "does not open");
        return 1;
    }
    printf("HIP loaded late, and /dev/kfd with it: ok\n");
    return 0;
}
