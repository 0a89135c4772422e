/* SPDX-License-Identifier: MIT
 *
 * The preload library as a program meets it: ctest runs this one under LD_PRELOAD. It knows
 * nothing of rocweld but the paths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <amdgpu.h>
#include <amdgpu_drm.h>
#include <linux/kfd_ioctl.h>
#include <xf86drm.h>

#define RENDER "/dev/dri/renderD128"

static int open_or_fail(const char *path, int flags)
{
    int fd = open(path, flags);

    assert_true(fd >= 0);
    return fd;
}

static void assert_is_render_node(const struct stat *st)
{
    assert_true(S_ISCHR(st->st_mode));
    assert_int_equal(major(st->st_rdev), 226);
    assert_int_equal(minor(st->st_rdev), 128);
}

/* ---- opening and attributes ---- */

static void nodes_open_by_every_way(void **state)
{
    int folder = open_or_fail("/dev/dri", O_RDONLY | O_DIRECTORY);
    int by_path[] = {
        open(RENDER, O_RDWR | O_CLOEXEC),
        open64("/dev//dri/./renderD128", O_RDWR),
        openat(AT_FDCWD, RENDER, O_RDWR),
        openat64(folder, "renderD128", O_RDWR),
        openat(folder, "../dri/renderD128", O_RDONLY),
    };
    struct stat st, place;
    struct statx stx;

    (void)state;
    assert_int_equal(stat(RENDER, &place), 0);
    for (size_t i = 0; i < sizeof by_path / sizeof by_path[0]; i++) {
        assert_true(by_path[i] >= 0);
        assert_int_equal(fstat(by_path[i], &st), 0);
        assert_is_render_node(&st);
        assert_true(st.st_dev == place.st_dev && st.st_ino == place.st_ino);
        assert_int_equal(statx(by_path[i], "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx), 0);
        assert_true(stx.stx_ino == place.st_ino);
        assert_int_equal(makedev(stx.stx_dev_major, stx.stx_dev_minor), place.st_dev);
        close(by_path[i]);
    }
    close(folder);
}

static void links_by_path_lead_to_nodes(void **state)
{
    DIR *folder = opendir("/dev/dri/by-path");
    int links = 0;

    (void)state;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        int fd = openat(dirfd(folder), entry->d_name, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_true(S_ISCHR(st.st_mode) && major(st.st_rdev) == 226);
        close(fd);
        links++;
    }
    closedir(folder);
    assert_int_equal(links, 2);
}

static void absent_things_are_absent(void **state)
{
    static const char *const absent[] = {"/dev/dri/renderD199", "/dev/dri/card77",
                                         "/sys/class/drm/card77", "/sys/dev/char/226:199",
                                         "/dev/kfd/x"};
    struct stat st;

    (void)state;
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_int_equal(open(absent[i], O_RDWR), -1);
        assert_true(errno == ENOENT || errno == ENOTDIR);
        assert_int_equal(stat(absent[i], &st), -1);
        assert_int_equal(access(absent[i], F_OK), -1);
    }
    assert_int_equal(open(RENDER, O_RDONLY | O_DIRECTORY), -1);
    assert_int_equal(errno, ENOTDIR);
}

static void attributes_agree_whoever_asks(void **state)
{
    int fd = open_or_fail(RENDER, O_RDWR), path_fd = open_or_fail(RENDER, O_PATH);
    int folder = open_or_fail("/dev/dri", O_RDONLY);
    struct stat st;
    struct statx stx;

    (void)state;
    assert_int_equal(stat(RENDER, &st), 0);
    assert_is_render_node(&st);
    assert_int_equal(lstat(RENDER, &st), 0);
    assert_is_render_node(&st);
    assert_int_equal(fstat(fd, &st), 0);
    assert_is_render_node(&st);
    assert_int_equal(fstat(path_fd, &st), 0);
    assert_is_render_node(&st);
    assert_int_equal(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
    assert_is_render_node(&st);
    assert_int_equal(fstatat(folder, "renderD128", &st, 0), 0);
    assert_is_render_node(&st);
    assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx), 0);
    assert_true(S_ISCHR(stx.stx_mode) && stx.stx_rdev_major == 226 && stx.stx_rdev_minor == 128);
    assert_int_equal(statx(AT_FDCWD, RENDER, 0, STATX_TYPE, &stx), 0);
    assert_true(S_ISCHR(stx.stx_mode) && stx.stx_rdev_major == 226 && stx.stx_rdev_minor == 128);
    close(fd);
    close(path_fd);
    close(folder);
}

static void the_tree_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(open("/sys/class/drm/version", O_WRONLY), -1);
    assert_int_equal(errno, EACCES);
    assert_int_equal(open("/sys/class/drm/version", O_RDONLY | O_TRUNC), -1);
    assert_int_equal(errno, EACCES);
    assert_null(fopen("/sys/class/drm/version", "w"));
    assert_int_equal(errno, EACCES);
    assert_int_equal(open("/dev/dri/card9", O_CREAT | O_RDWR, 0600), -1);
    assert_int_equal(errno, EACCES);
    assert_int_equal(access("/dev/dri/card9", F_OK), -1);
}

static void ordinary_files_are_left_alone(void **state)
{
    char path[] = "/tmp/rocweld-preload-test-XXXXXX", text[8] = "";
    int fd = mkstemp(path);
    struct stat st;

    (void)state;
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(lseek(fd, 0, SEEK_END), 5);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(S_ISREG(st.st_mode) && st.st_size == 5);
    char *mapped = mmap(NULL, 5, PROT_READ, MAP_SHARED, fd, 0);
    assert_memory_equal(mapped, "hello", 5);
    munmap(mapped, 5);
    close(fd);
    fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_int_equal(fd, -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(unlink(path), 0);
    fd = open(path, O_CREAT | O_RDWR, 0640); /* the mode arrives */
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0700, 0600);
    close(fd);
    unlink(path);
    FILE *file = fopen("/proc/self/comm", "r");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_int_equal(open("/dev/null/x", O_RDONLY), -1);
    assert_int_equal(ioctl(-1, DRM_IOCTL_VERSION, NULL), -1);
    assert_int_equal(errno, EBADF);
}

/* ---- paths ---- */

static void paths_show_nothing_of_the_cache(void **state)
{
    char path[PATH_MAX], link[64], name[PATH_MAX] = "";
    int fd = open_or_fail(RENDER, O_RDWR), folder = open_or_fail("/sys/class/drm", O_RDONLY);

    (void)state;
    assert_non_null(realpath("/sys/dev/char/226:128/device", path));
    assert_int_equal(strncmp(path, "/sys/devices/pci", 16), 0);
    assert_int_equal(access(path, F_OK), 0);
    char *allocated = canonicalize_file_name("/sys/class/drm/renderD128/device");
    assert_string_equal(allocated, path);
    free(allocated);
    assert_true(readlink("/sys/class/drm/card0", name, sizeof name) > 0);
    assert_int_equal(strncmp(name, "../../devices/pci", 17), 0);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    memset(name, 0, sizeof name);
    assert_true(readlink(link, name, sizeof name) > 0);
    assert_string_equal(name, RENDER);
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    memset(name, 0, sizeof name);
    assert_true(readlink(link, name, sizeof name) > 0);
    assert_string_equal(name, "/sys/class/drm");
    close(fd);
    close(folder);
}

static int count_names(struct dirent **names, int count)
{
    int visible = 0;

    for (int i = 0; i < count; i++) {
        visible += names[i]->d_name[0] != '.';
        free(names[i]);
    }
    free(names);
    return visible;
}

static void folders_can_be_listed(void **state)
{
    struct dirent **names;
    int count = scandir("/sys/class/drm", &names, NULL, alphasort);

    (void)state;
    assert_true(count > 0);
    assert_int_equal(count_names(names, count), 3); /* card0 renderD128 version */
    count = scandir("/sys/class/kfd/kfd/topology/nodes", &names, NULL, alphasort);
    assert_true(count > 0);
    assert_true(count_names(names, count) >= 2);
}

static void streams_read_live_and_plain_files(void **state)
{
    FILE *modules = fopen("/proc/modules", "r"), *version = fopen64("/sys/class/drm/version", "r");
    char line[256];

    (void)state;
    assert_non_null(fgets(line, sizeof line, modules));
    assert_int_equal(strncmp(line, "amdgpu ", 7), 0);
    assert_non_null(fgets(line, sizeof line, version));
    assert_int_equal(strncmp(line, "drm ", 4), 0);
    version = freopen("/sys/module/amdgpu/initstate", "r", version);
    assert_non_null(version);
    assert_non_null(fgets(line, sizeof line, version));
    assert_string_equal(line, "live\n");
    fclose(modules);
    fclose(version);
}

static void child_processes_see_the_same(void **state)
{
    (void)state;
    assert_int_equal(system("lsmod | grep -q '^amdgpu'"), 0);
    assert_int_equal(system("test -c " RENDER " && test -c /dev/kfd"), 0);
    assert_int_equal(system("grep -q '^gfx_target_version 100300' "
                            "/sys/class/kfd/kfd/topology/nodes/*/properties"),
                     0);
    assert_int_equal(system("cd /sys/class/drm 2>/dev/null; cat /sys/class/drm/card0/dev "
                            "| grep -q '^226:0$'"),
                     0);
}

/* ---- devices ---- */

static void the_kfd_answers(void **state)
{
    int fd = open_or_fail("/dev/kfd", O_RDWR | O_CLOEXEC), copy = dup(fd);
    struct kfd_ioctl_get_version_args version = {0};
    struct stat by_path, by_fd;
    int status;

    (void)state;
    assert_int_equal(stat("/dev/kfd", &by_path), 0);
    assert_int_equal(fstat(copy, &by_fd), 0);
    assert_true(S_ISCHR(by_fd.st_mode));
    assert_int_equal(by_path.st_rdev, by_fd.st_rdev);
    assert_int_equal(ioctl(copy, AMDKFD_IOC_GET_VERSION, &version), 0);
    assert_int_equal(version.major_version, 1);
    assert_int_equal(ioctl(fd, AMDKFD_IOC_GET_VERSION, (void *)8), -1);
    assert_int_equal(errno, EFAULT);
    pid_t child = fork();
    if (child == 0)
        _exit(ioctl(fd, AMDKFD_IOC_GET_VERSION, &version) == -1 && errno == EBADF ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
    assert_int_equal(ioctl(copy, AMDKFD_IOC_GET_VERSION, &version), 0);
    close(copy);
    assert_int_equal(ioctl(copy, AMDKFD_IOC_GET_VERSION, &version), -1);
    assert_int_equal(errno, EBADF);
}

static void libdrm_finds_the_device(void **state)
{
    drmDevicePtr devices[4], own;
    int count = drmGetDevices2(0, devices, 4), fd = open_or_fail(RENDER, O_RDWR | O_CLOEXEC);

    (void)state;
    assert_int_equal(count, 1);
    assert_int_equal(devices[0]->bustype, DRM_BUS_PCI);
    assert_int_equal(devices[0]->deviceinfo.pci->vendor_id, 0x1002);
    assert_int_equal(devices[0]->deviceinfo.pci->device_id, 0x73bf);
    assert_true(devices[0]->available_nodes & 1 << DRM_NODE_PRIMARY);
    assert_true(devices[0]->available_nodes & 1 << DRM_NODE_RENDER);
    assert_string_equal(devices[0]->nodes[DRM_NODE_RENDER], RENDER);
    assert_int_equal(drmGetDevice2(fd, DRM_DEVICE_GET_PCI_REVISION, &own), 0);
    assert_int_equal(own->deviceinfo.pci->revision_id, 0xc1);
    assert_true(drmDevicesEqual(devices[0], own));
    char *name = drmGetDeviceNameFromFd2(fd), *primary = drmGetPrimaryDeviceNameFromFd(fd);
    assert_string_equal(name, RENDER);
    assert_string_equal(primary, "/dev/dri/card0");
    assert_int_equal(drmGetNodeTypeFromFd(fd), DRM_NODE_RENDER);
    free(name);
    free(primary);
    drmFreeDevice(&own);
    drmFreeDevices(devices, count);
    close(fd);
}

static void libdrm_amdgpu_shares_a_device(void **state)
{
    amdgpu_device_handle a, b;
    uint32_t major_version, minor_version;
    int first = open_or_fail(RENDER, O_RDWR), second = open_or_fail("/dev/dri/card0", O_RDWR);

    (void)state;
    assert_int_equal(amdgpu_device_initialize(first, &major_version, &minor_version, &a), 0);
    assert_int_equal(major_version, 3);
    assert_int_equal(amdgpu_device_initialize(second, &major_version, &minor_version, &b), 0);
    assert_ptr_equal(a, b);
    assert_string_equal(amdgpu_get_marketing_name(a), "AMD Radeon RX 6800 XT");
    amdgpu_device_deinitialize(b);
    amdgpu_device_deinitialize(a);
    close(first);
    close(second);
}

/* Reads a file of debugfs that does something, and has the result in it. */
static void debugfs_do(const char *name)
{
    char path[64];
    int result = -1;

    snprintf(path, sizeof path, "/sys/kernel/debug/dri/128/amdgpu_%s", name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &result), 1);
    assert_int_equal(result, 0);
    fclose(file);
}

static void a_reset_of_the_gpu_is_seen_by_its_contexts(void **state)
{
    int fd = open_or_fail("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
    uint64_t flags = UINT64_MAX;
    amdgpu_device_handle device;
    amdgpu_context_handle ctx;
    uint32_t major, minor;

    (void)state;
    assert_int_equal(amdgpu_device_initialize(fd, &major, &minor, &device), 0);
    assert_int_equal(amdgpu_cs_ctx_create(device, &ctx), 0);
    assert_int_equal(amdgpu_cs_query_reset_state2(ctx, &flags), 0);
    assert_int_equal(flags, 0);
    debugfs_do("gpu_recover");
    assert_int_equal(amdgpu_cs_query_reset_state2(ctx, &flags), 0);
    assert_int_equal(flags, AMDGPU_CTX_QUERY2_FLAGS_RESET | AMDGPU_CTX_QUERY2_FLAGS_VRAMLOST);
    amdgpu_cs_ctx_free(ctx);
    amdgpu_device_deinitialize(device);
    close(fd);
}

/* What a program does to its mapping of a buffer is heeded when the buffer moves. */
static void changed_mappings_follow_their_buffer(void **state)
{
    struct amdgpu_bo_alloc_request request = {.alloc_size = 8 * 4096,
                                              .preferred_heap = AMDGPU_GEM_DOMAIN_VRAM};
    struct amdgpu_bo_info info;
    amdgpu_device_handle device;
    amdgpu_bo_handle bo;
    uint32_t v;
    uint8_t *p, *moved;
    int fd = open_or_fail(RENDER, O_RDWR);

    (void)state;
    assert_int_equal(amdgpu_device_initialize(fd, &v, &v, &device), 0);
    assert_int_equal(amdgpu_bo_alloc(device, &request, &bo), 0);
    assert_int_equal(amdgpu_bo_query_info(bo, &info), 0);
    assert_int_equal(amdgpu_bo_cpu_map(bo, (void **)&p), 0);
    for (int i = 0; i < 8; i++)
        p[i * 4096] = (uint8_t)(i + 1);
    /* As of a device: it cannot grow. */
    assert_ptr_equal(mremap(p, 8 * 4096, 16 * 4096, MREMAP_MAYMOVE), MAP_FAILED);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(munmap(p + 4096, 4096), 0);
    assert_ptr_equal(mmap(p + 4096, 2 * 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                     p + 4096);
    p[4096] = 77;
    p[2 * 4096] = 78;
    assert_int_equal(mprotect(p + 3 * 4096, 4096, PROT_READ), 0);
    assert_int_equal(madvise(p, 4096, MADV_DONTFORK), 0);
    moved = mmap(NULL, 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_equal(mremap(p + 6 * 4096, 2 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, moved),
                     moved);
    debugfs_do("evict_vram");
    p[0] = 11;
    moved[0] = 17;
    assert_int_equal(p[4096], 77);
    assert_int_equal(p[2 * 4096], 78);
    assert_int_equal(p[3 * 4096], 4);
    assert_int_equal(p[4 * 4096], 5);
    assert_int_equal(moved[4096], 8);
    /* A fresh mapping shows what was stored through the old ones after the move. */
    uint8_t *fresh;
    assert_int_equal(amdgpu_bo_cpu_unmap(bo), 0); /* what is left at the old address */
    assert_int_equal(amdgpu_bo_cpu_map(bo, (void **)&fresh), 0);
    assert_int_equal(fresh[0], 11);
    assert_int_equal(fresh[4096], 2);
    assert_int_equal(fresh[6 * 4096], 17);
    amdgpu_bo_cpu_unmap(bo);
    amdgpu_bo_free(bo);
    assert_int_equal(moved[0], 17); /* a mapping holds its buffer */
    munmap(moved, 2 * 4096);
    amdgpu_device_deinitialize(device);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_open_by_every_way),
        cmocka_unit_test(links_by_path_lead_to_nodes),
        cmocka_unit_test(absent_things_are_absent),
        cmocka_unit_test(attributes_agree_whoever_asks),
        cmocka_unit_test(the_tree_cannot_be_written),
        cmocka_unit_test(ordinary_files_are_left_alone),
        cmocka_unit_test(paths_show_nothing_of_the_cache),
        cmocka_unit_test(folders_can_be_listed),
        cmocka_unit_test(streams_read_live_and_plain_files),
        cmocka_unit_test(child_processes_see_the_same),
        cmocka_unit_test(the_kfd_answers),
        cmocka_unit_test(libdrm_finds_the_device),
        cmocka_unit_test(libdrm_amdgpu_shares_a_device),
        cmocka_unit_test(changed_mappings_follow_their_buffer),
        cmocka_unit_test(a_reset_of_the_gpu_is_seen_by_its_contexts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
