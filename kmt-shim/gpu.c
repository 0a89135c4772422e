/* SPDX-License-Identifier: MIT */
#include "kmt-shim/gpu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <drm.h>
#include <xf86drm.h>

#include "base/topology.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/next.h"

#define RENDER_PATH "/dev/dri/renderD"

enum { DRM_CHAR_MAJOR = 226 };

bool gpu_minor_of_path(const char *path, unsigned *out_minor)
{
    char *end;

    if (!path || strncmp(path, RENDER_PATH, strlen(RENDER_PATH)) != 0)
        return false;
    path += strlen(RENDER_PATH);
    if (*path < '0' || *path > '9')
        return false;
    *out_minor = (unsigned)strtoul(path, &end, 10);
    return *end == '\0' && gpu_is_minor(*out_minor);
}

bool gpu_minor_of_render_fd(int fd, unsigned *out_minor)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) != DRM_CHAR_MAJOR)
        return false;
    *out_minor = minor(st.st_rdev);
    return gpu_is_minor(*out_minor);
}

static bool driver_is_amdgpu(int fd)
{
    char name[16] = "";
    struct drm_version version = {.name = name, .name_len = sizeof name - 1};

    counter_add(shim_calls, 1);
    return next_ioctl(fd, DRM_IOCTL_VERSION, &version) == 0 && strcmp(name, "amdgpu") == 0;
}

bool gpu_minor_of_amdgpu_fd(int fd, unsigned *out_minor)
{
    bool found = false;
    struct stat st;
    char *path;

    counter_add(shim_calls, 1);
    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) != DRM_CHAR_MAJOR)
        return false;
    *out_minor = minor(st.st_rdev);
    if (gpu_is_minor(*out_minor)) {
        found = true;
    } else if ((path = drmGetRenderDeviceNameFromFd(fd))) {
        found = gpu_minor_of_path(path, out_minor);
        free(path);
    }
    return found && driver_is_amdgpu(fd);
}

rw_status gpu_minor_of_fd(int fd, unsigned *out_minor)
{
    if (fcntl(fd, F_GETFD) < 0)
        return RW_FAIL(EBADF, "descriptor %d is not open", fd);
    if (!gpu_minor_of_amdgpu_fd(fd, out_minor))
        return RW_FAIL(EINVAL, "descriptor %d is not an open device node of an amdgpu GPU", fd);
    return RW_OK;
}

/* gpu_id of each render node; 0 until it was found. */
static _Atomic uint32_t known_ids[GPU_COUNT_MAX];

static void read_topology(void)
{
    DIR *nodes = opendir(TOPOLOGY_NODES);
    struct topology_gpu gpu;
    struct dirent *node;

    if (!nodes)
        return;
    while ((node = readdir(nodes))) {
        if (node->d_name[0] != '.' && topology_gpu_read(node->d_name, &gpu) &&
            gpu_is_minor(gpu.render_minor))
            atomic_store_explicit(&known_ids[gpu.render_minor - GPU_FIRST_MINOR], gpu.gpu_id,
                                  memory_order_relaxed);
    }
    closedir(nodes);
}

static bool find_known(uint32_t gpu_id, unsigned *out_minor)
{
    for (unsigned i = 0; i < GPU_COUNT_MAX; i++) {
        if (atomic_load_explicit(&known_ids[i], memory_order_relaxed) == gpu_id) {
            *out_minor = GPU_FIRST_MINOR + i;
            return true;
        }
    }
    return false;
}

bool gpu_minor_of_gpu_id(uint32_t gpu_id, unsigned *out_minor)
{
    if (gpu_id == 0)
        return false;
    if (find_known(gpu_id, out_minor))
        return true;
    read_topology();
    return find_known(gpu_id, out_minor);
}

uint32_t gpu_id_of_minor(unsigned minor)
{
    _Atomic uint32_t *known = &known_ids[minor - GPU_FIRST_MINOR];

    if (atomic_load_explicit(known, memory_order_relaxed) == 0)
        read_topology();
    return atomic_load_explicit(known, memory_order_relaxed);
}

int gpu_same_file(int fd, int other)
{
    long order = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, other);

    return order < 0 ? -1 : order == 0;
}
