/* SPDX-License-Identifier: MIT
 *
 * The node as a file, the DRM core's ioctls, and who may call what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/front/drm/fixture.h"

static void fstat_shows_the_device(void **state)
{
    int render = render_node(), card = node_of(1, false);
    struct node *node = node_get_by_fd(render);
    struct stat st = {0};

    (void)state;
    node_call_stat(node, &st);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(major(st.st_rdev), 226);
    assert_int_equal(minor(st.st_rdev), test_machine->devices[0].render_minor);
    node_put(node);
    node = node_get_by_fd(card);
    node_call_stat(node, &st);
    assert_int_equal(minor(st.st_rdev), test_machine->devices[1].card_minor);
    node_put(node);
    node_close(render);
    node_close(card);
}

static void version(void **state)
{
    char name[16] = "xxxxxxxxxxxxxxx", desc[3] = "xx";
    struct drm_version args = {.name = name, .name_len = sizeof name, .desc = desc, .desc_len = 2};
    int fd = render_node();

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_VERSION, &args), 0);
    assert_int_equal(args.version_major, 3);
    assert_int_equal(args.version_minor, 61);
    assert_int_equal(args.name_len, 6);
    assert_memory_equal(name, "amdgpux", 7);
    assert_int_equal(args.desc_len, strlen("AMD GPU")); /* in full, though cut short */
    assert_memory_equal(desc, "AM", 3);
    args = (struct drm_version){.name = (char *)8, .name_len = 100};
    assert_int_equal(call(fd, DRM_IOCTL_VERSION, &args), EFAULT);
    node_close(fd);
}

static void capabilities(void **state)
{
    static const struct {
        uint64_t capability;
        int err;
        uint64_t value;
    } cases[] = {
        {DRM_CAP_TIMESTAMP_MONOTONIC, 0, 1},
        {DRM_CAP_PRIME, 0, 3},
        {DRM_CAP_SYNCOBJ, 0, 1},
        {DRM_CAP_SYNCOBJ_TIMELINE, 0, 1},
        {DRM_CAP_DUMB_BUFFER, EOPNOTSUPP, 0},
        {999, EOPNOTSUPP, 0},
    };
    int fd = render_node();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drm_get_cap args = {.capability = cases[i].capability, .value = 77};

        assert_int_equal(call(fd, DRM_IOCTL_GET_CAP, &args), cases[i].err);
        assert_int_equal(args.value, cases[i].value);
    }
    node_close(fd);
}

static void dispatch_errors(void **state)
{
    struct drm_gem_close close_args = {0};
    struct drm_get_cap short_args = {.capability = DRM_CAP_PRIME, .value = 5};
    int fd = render_node();

    (void)state;
    assert_int_equal(call(fd, _IO('K', 1), NULL), ENOTTY);
    assert_int_equal(call(fd, DRM_IO(0x0e), NULL), EINVAL);                    /* a hole */
    assert_int_equal(call(fd, DRM_IO(DRM_COMMAND_BASE + 0x0a), NULL), EINVAL); /* a hole */
    assert_int_equal(call(fd, DRM_IO(DRM_COMMAND_BASE + 0x16), NULL), EINVAL); /* 6.16's */
    assert_int_equal(call(fd, DRM_IO(0xf0), NULL), EINVAL);
    assert_int_equal(call(fd, DRM_IOCTL_GEM_CLOSE, NULL), EFAULT);
    /* A shorter struct is extended with zeros, and only its size comes back. */
    assert_int_equal(call(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', 0x0c, 8), &short_args), 0);
    assert_int_equal(short_args.value, 5);
    /* A request that does not say it writes gets nothing in. */
    close_args.handle = 1;
    assert_int_equal(call(fd, _IOC(_IOC_NONE, 'd', 0x09, 0), &close_args), EINVAL);
    node_close(fd);
}

static void render_nodes_allow_what_they_allow(void **state)
{
    static const unsigned long refused[] = {
        DRM_IOCTL_GET_UNIQUE,     DRM_IOCTL_GET_MAGIC,         DRM_IOCTL_GET_CLIENT,
        DRM_IOCTL_SET_CLIENT_CAP, DRM_IOCTL_MODE_GETRESOURCES, DRM_IOCTL_GEM_FLINK,
        DRM_IOCTL_SET_MASTER,     DRM_IOCTL_AMDGPU_SCHED,      DRM_IOCTL_AUTH_MAGIC,
    };
    char buffer[256] = {0};
    int fd = render_node();

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(call(fd, refused[i], buffer), EACCES);
    node_close(fd);
}

static void primary_nodes_know_a_master(void **state)
{
    int first = node_of(0, false), second = node_of(0, false);
    struct drm_client client = {0};
    struct drm_auth magic = {0};
    char unique[32] = "";
    struct drm_unique unique_args = {.unique_len = sizeof unique, .unique = unique};
    struct drm_set_version version_args = {1, 4, -1, -1};

    (void)state;
    assert_int_equal(call(first, DRM_IOCTL_SET_VERSION, &version_args), 0);
    assert_int_equal(version_args.drm_dd_major, 3);
    assert_int_equal(call(second, DRM_IOCTL_SET_VERSION, &version_args), EACCES);
    version_args.drm_di_major = 2;
    assert_int_equal(call(first, DRM_IOCTL_SET_VERSION, &version_args), EINVAL);
    assert_int_equal(call(first, DRM_IOCTL_GET_CLIENT, &client), 0);
    assert_int_equal(client.auth, 1);
    client.idx = 1;
    assert_int_equal(call(first, DRM_IOCTL_GET_CLIENT, &client), EINVAL);
    assert_int_equal(call(first, DRM_IOCTL_GET_UNIQUE, &unique_args), 0);
    assert_memory_equal(unique, "pci:", 4);
    assert_int_equal(unique_args.unique_len, strlen(unique));
    /* Authentication by magic. */
    assert_int_equal(call(second, DRM_IOCTL_GET_MAGIC, &magic), 0);
    assert_int_equal(call(first, DRM_IOCTL_AUTH_MAGIC, &magic), 0);
    assert_int_equal(call(first, DRM_IOCTL_AUTH_MAGIC, &magic), EINVAL);
    client.idx = 0;
    assert_int_equal(call(second, DRM_IOCTL_GET_CLIENT, &client), 0);
    assert_int_equal(client.auth, 1);
    /* No display engine. */
    struct drm_mode_card_res resources = {0};
    resources.count_crtcs = 7;
    assert_int_equal(call(first, DRM_IOCTL_MODE_GETRESOURCES, &resources), 0); /* no display */
    assert_int_equal(resources.count_crtcs, 0);
    /* Mastership goes with the file. */
    assert_int_equal(call(first, DRM_IOCTL_DROP_MASTER, NULL), 0);
    assert_int_equal(call(first, DRM_IOCTL_DROP_MASTER, NULL), EINVAL);
    assert_int_equal(call(first, DRM_IOCTL_SET_MASTER, NULL), 0);
    node_close(first);
    int third = node_of(0, false);
    assert_int_equal(call(third, DRM_IOCTL_SET_VERSION, &(struct drm_set_version){1, 1, -1, -1}),
                     0);
    node_close(second);
    node_close(third);
}

static void mmap_by_fake_offset(void **state)
{
    int fd = render_node(), other = render_node();
    uint32_t handle = gem_create(fd, 8192, AMDGPU_GEM_DOMAIN_VRAM);
    union drm_amdgpu_gem_mmap args = {.in.handle = handle};
    uint8_t *memory;
    void *p;

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), 0);
    uint64_t offset = args.out.addr_ptr;
    assert_int_equal(map(fd, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, offset, (void **)&memory),
                     0);
    memory[8191] = 9;
    assert_int_equal(map(fd, 8192, PROT_READ, MAP_SHARED, offset + 4096, &p), EINVAL);
    assert_int_equal(map(fd, 12288, PROT_READ, MAP_SHARED, offset, &p), EINVAL);
    assert_int_equal(map(fd, 8192, PROT_READ, MAP_PRIVATE, offset, &p), EINVAL);
    assert_int_equal(map(fd, 4096, PROT_READ, MAP_SHARED, 0, &p), EINVAL);
    /* Another file of the same device has no right to it; a size error comes first. */
    assert_int_equal(map(other, 8192, PROT_READ, MAP_SHARED, offset, &p), EACCES);
    assert_int_equal(map(other, 12288, PROT_READ, MAP_SHARED, offset, &p), EINVAL);
    /* A dup is the same file. */
    int copy = dup(fd);
    assert_int_equal(map(copy, 4096, PROT_READ, MAP_SHARED, offset, &p), 0);
    mem_cpu_munmap(p, 4096);
    close(copy);
    assert_int_equal(gem_close(fd, handle), 0);
    /* The mapping holds the object, but the file has no right to it any more. */
    assert_int_equal(map(fd, 4096, PROT_READ, MAP_SHARED, offset, &p), EACCES);
    mem_cpu_munmap(memory, 8192);
    assert_int_equal(map(fd, 4096, PROT_READ, MAP_SHARED, offset, &p), EINVAL);
    node_close(fd);
    node_close(other);
}

static void closing_frees_everything(void **state)
{
    uint64_t before = vram_used(0);
    int fd = render_node();

    (void)state;
    for (int i = 0; i < 5; i++)
        gem_va(fd, AMDGPU_VA_OP_MAP, gem_create(fd, MIB, AMDGPU_GEM_DOMAIN_VRAM),
               0x100000 + MIB * (uint64_t)i, 0, MIB, VA_RW);
    assert_int_equal(vram_used(0), before + 5 * MIB);
    int copy = dup(fd);
    node_close(fd);
    assert_int_equal(vram_used(0), before + 5 * MIB);
    node_close(copy);
    assert_int_equal(vram_used(0), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fstat_shows_the_device),
        cmocka_unit_test(version),
        cmocka_unit_test(capabilities),
        cmocka_unit_test(dispatch_errors),
        cmocka_unit_test(render_nodes_allow_what_they_allow),
        cmocka_unit_test(primary_nodes_know_a_master),
        cmocka_unit_test(mmap_by_fake_offset),
        cmocka_unit_test(closing_frees_everything),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
