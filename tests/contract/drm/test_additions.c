/* SPDX-License-Identifier: MIT
 *
 * What kernels have added, most of it between 6.13 and 7.2, and that older ones do not know it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/dma-buf.h>
#include <pthread.h>

#include "softgpu/front/drm/drm_table.h"
#include "tests/contract/drm/support.h"

#define GFX        AMDGPU_HW_IP_GFX
#define PAGE       UINT64_C(4096)
#define ELSEWHERE  UINT64_C(0x200000000)
#define E_NOTSUPP  524
#define UNKNOWN_ID 4711u

static bool has_additions(void)
{
    return drm_minor() >= DRM_MINOR_6_16;
}

static void needs_additions(void)
{
    if (!has_additions())
        skip(); /* kernels up to 6.12 have none of it; what they answer has a test of its own */
}

static uint32_t syncobj_signalled(int fd)
{
    struct drm_syncobj_create args = {.flags = DRM_SYNCOBJ_CREATE_SIGNALED};

    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0);
    return args.handle;
}

/* What a wait without time says of a point: 0, ETIME, or EINVAL when nothing was submitted. */
static int point_state(int fd, uint32_t handle, uint64_t point)
{
    struct drm_uapi_syncobj_timeline_wait args = {
        .handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1};

    return call(fd, DRM_UAPI_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

/* ---- GEM_VA ---- */

static struct drm_uapi_gem_va va_args(const struct client *c, uint32_t operation)
{
    return (struct drm_uapi_gem_va){.base = {.handle = c->bo,
                                             .operation = operation,
                                             .flags = VA_RW,
                                             .va_address = ELSEWHERE,
                                             .map_size = PAGE}};
}

static int gem_va_full(int fd, struct drm_uapi_gem_va args)
{
    return call(fd, DRM_UAPI_IOCTL_GEM_VA, &args);
}

static void updates_become_points_of_a_timeline(void **state)
{
    struct client c;
    uint32_t timeline, binary;

    (void)state;
    needs_additions();
    client_open(&c);
    timeline = syncobj_new(c.fd);
    binary = syncobj_new(c.fd);
    struct drm_uapi_gem_va map = va_args(&c, AMDGPU_VA_OP_MAP);
    map.vm_timeline_syncobj_out = timeline;
    map.vm_timeline_point = 3;
    assert_int_equal(gem_va_full(c.fd, map), 0);
    assert_int_equal(syncobj_wait(c.fd, timeline, 1000), 0);
    assert_int_equal(point_state(c.fd, timeline, 3), 0);
    assert_int_equal(point_state(c.fd, timeline, 4), EINVAL);
    struct drm_uapi_gem_va unmap = va_args(&c, AMDGPU_VA_OP_UNMAP);
    unmap.vm_timeline_syncobj_out = binary; /* point 0 */
    assert_int_equal(gem_va_full(c.fd, unmap), 0);
    assert_int_equal(syncobj_wait(c.fd, binary, 1000), 0);
    client_close(&c);
}

/* Until the update's fence is signalled, the GPU may still use what has been unmapped. */
static void an_unmapping_is_told_when_jobs_are_through(void **state)
{
    struct client c;
    uint32_t binary;
    uint64_t job;

    (void)state;
    needs_additions();
    client_open(&c);
    binary = syncobj_new(c.fd);
    assert_int_equal(gem_va_full(c.fd, va_args(&c, AMDGPU_VA_OP_MAP)), 0);
    assert_int_equal(
        submit_ib(&c, IB(&c, GFX, 0, PM4_WAIT(word_va(&c, 9), 1), PM4_WRITE(ELSEWHERE + 4, 99)),
                  &job),
        0);
    struct drm_uapi_gem_va clear = va_args(&c, AMDGPU_VA_OP_CLEAR);
    clear.base.flags = 0;
    clear.vm_timeline_syncobj_out = binary;
    assert_int_equal(gem_va_full(c.fd, clear), 0);
    assert_int_equal(syncobj_wait(c.fd, binary, 20), ETIME);
    c.memory[9] = 1;
    assert_int_equal(syncobj_wait(c.fd, binary, 20000), 0);
    assert_int_equal(c.memory[1], 99);
    assert_done(&c, GFX, 0, job);
    client_close(&c);
}

static void a_failed_operation_tells_nobody(void **state)
{
    struct client c;
    uint32_t timeline;

    (void)state;
    needs_additions();
    client_open(&c);
    timeline = syncobj_new(c.fd);
    struct drm_uapi_gem_va args = va_args(&c, AMDGPU_VA_OP_UNMAP);
    args.vm_timeline_syncobj_out = timeline;
    assert_int_equal(gem_va_full(c.fd, args), ENOENT);
    assert_int_equal(point_state(c.fd, timeline, 0), EINVAL);
    args = va_args(&c, AMDGPU_VA_OP_MAP);
    args.vm_timeline_syncobj_out = timeline;
    args.base.flags |= AMDGPU_VM_DELAY_UPDATE; /* has no fence yet */
    assert_int_equal(gem_va_full(c.fd, args), EINVAL);
    args = va_args(&c, AMDGPU_VA_OP_MAP);
    args.vm_timeline_syncobj_out = UNKNOWN_ID;
    assert_int_equal(gem_va_full(c.fd, args), ENOENT);
    args.vm_timeline_syncobj_out = 0;
    assert_int_equal(gem_va_full(c.fd, args), 0); /* which the refused ones did not map */
    client_close(&c);
}

static void input_fences_are_checked(void **state)
{
    struct client c;
    uint32_t handles[2];

    (void)state;
    needs_additions();
    client_open(&c);
    struct drm_uapi_gem_va args = va_args(&c, AMDGPU_VA_OP_MAP);
    args.num_syncobj_handles = 2;
    args.input_fence_syncobj_handles = 8;
    assert_int_equal(gem_va_full(c.fd, args), EFAULT);
    args.input_fence_syncobj_handles = (uintptr_t)handles;
    handles[0] = syncobj_signalled(c.fd);
    handles[1] = 0;
    assert_int_equal(gem_va_full(c.fd, args), EINVAL);
    handles[1] = UNKNOWN_ID;
    assert_int_equal(gem_va_full(c.fd, args), ENOENT);
    handles[1] = syncobj_new(c.fd); /* nothing submitted */
    assert_int_equal(gem_va_full(c.fd, args), EINVAL);
    args.num_syncobj_handles = UINT32_MAX;
    assert_int_equal(gem_va_full(c.fd, args), ENOMEM);
    args.base.handle = UNKNOWN_ID; /* is looked up before */
    assert_int_equal(gem_va_full(c.fd, args), ENOENT);
    args = va_args(&c, AMDGPU_VA_OP_MAP);
    args.num_syncobj_handles = 1;
    args.input_fence_syncobj_handles = (uintptr_t)handles;
    assert_int_equal(gem_va_full(c.fd, args), 0);
    client_close(&c);
}

static void *write_later(void *word)
{
    sleep_ms(20);
    __atomic_store_n((uint32_t *)word, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void input_fences_are_waited_for(void **state)
{
    struct client c;
    struct submission s = {0};
    pthread_t writer;
    uint32_t handle;
    bool busy;
    uint64_t job;

    (void)state;
    needs_additions();
    client_open(&c);
    handle = syncobj_new(c.fd);
    s.ctx = c.ctx;
    struct drm_amdgpu_cs_chunk_sem out = {.handle = handle};
    struct drm_amdgpu_cs_chunk_ib ib = IB(&c, GFX, 0, PM4_WAIT(word_va(&c, 9), 1));
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_OUT, &out, sizeof out);
    assert_int_equal(submit(c.fd, &s, &job), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_later, (void *)(uintptr_t)&c.memory[9]),
                     0);
    struct drm_uapi_gem_va args = va_args(&c, AMDGPU_VA_OP_MAP);
    args.num_syncobj_handles = 1;
    args.input_fence_syncobj_handles = (uintptr_t)&handle;
    assert_int_equal(gem_va_full(c.fd, args), 0);
    assert_int_equal(wait_cs(c.fd, c.ctx, GFX, 0, job, 0, &busy), 0);
    assert_false(busy);
    pthread_join(writer, NULL);
    client_close(&c);
}

/* ---- lists ---- */

static struct drm_uapi_gem_list_handles
list_handles(int fd, struct drm_uapi_gem_list_entry *entries, uint32_t count)
{
    struct drm_uapi_gem_list_handles args = {.entries = (uintptr_t)entries, .num_entries = count};

    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_LIST_HANDLES, &args), 0);
    return args;
}

static void handles_are_listed(void **state)
{
    struct drm_uapi_gem_list_entry entries[4] = {{0}};
    struct drm_uapi_gem_list_handles args = {.num_entries = 4, .entries = 8};
    int fd = render_node();
    uint32_t vram, gtt;

    (void)state;
    needs_additions();
    assert_int_equal(list_handles(fd, NULL, 0).num_entries, 0);
    vram = gem_create(fd, 3 * PAGE, AMDGPU_GEM_DOMAIN_VRAM);
    gtt = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(list_handles(fd, entries, 1).num_entries, 2); /* there must be more room */
    assert_int_equal(entries[0].gem_handle, 0);
    assert_int_equal(list_handles(fd, entries, 4).num_entries, 2);
    assert_int_equal(entries[0].gem_handle, vram);
    assert_int_equal(entries[0].size, 3 * PAGE);
    assert_int_equal(entries[0].preferred_domains, AMDGPU_GEM_DOMAIN_VRAM);
    assert_int_equal(entries[0].alloc_flags, AMDGPU_GEM_CREATE_VRAM_CLEARED);
    assert_int_equal(entries[0].alignment, 1);
    assert_int_equal(entries[1].gem_handle, gtt);
    assert_int_equal(entries[1].flags, 0);
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_LIST_HANDLES, &args), EFAULT);
    node_close(fd);
}

static void mappings_are_listed(void **state)
{
    struct drm_uapi_gem_vm_entry entries[2] = {{0}};
    struct drm_uapi_gem_op op = {
        .base = {.op = DRM_UAPI_GEM_OP_GET_MAPPING_INFO, .value = (uintptr_t)entries}};
    int fd = render_node();

    (void)state;
    needs_additions();
    op.base.handle = gem_create(fd, 4 * PAGE, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_OP, &op), 0);
    assert_int_equal(op.num_entries, 0);
    assert_int_equal(gem_va(fd, AMDGPU_VA_OP_MAP, op.base.handle, ELSEWHERE, PAGE, 2 * PAGE,
                            VA_RW | AMDGPU_VM_MTYPE_UC),
                     0);
    assert_int_equal(gem_va(fd, AMDGPU_VA_OP_MAP, op.base.handle, 2 * ELSEWHERE, 0, PAGE, VA_RW),
                     0);
    op.num_entries = 1;
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_OP, &op), 0);
    assert_int_equal(op.num_entries, 2); /* there must be more room */
    assert_int_equal(entries[0].addr, 0);
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_OP, &op), 0);
    assert_int_equal(entries[0].addr, ELSEWHERE);
    assert_int_equal(entries[0].size, 2 * PAGE);
    assert_int_equal(entries[0].offset, PAGE);
    assert_int_equal(entries[0].flags, VA_RW | AMDGPU_VM_MTYPE_UC);
    assert_int_equal(entries[1].addr, 2 * ELSEWHERE);
    op.base.value = 8;
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_OP, &op), EFAULT);
    op.padding = 1;
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_GEM_OP, &op), EINVAL);
    node_close(fd);
}

/* ---- the rest ---- */

/* Since then it is one VM's; before, all shared it. */
static void the_reserved_vmid_is_one_vms(void **state)
{
    union drm_amdgpu_vm reserve = {.in.op = AMDGPU_VM_OP_RESERVE_VMID};
    union drm_amdgpu_vm release = {.in.op = AMDGPU_VM_OP_UNRESERVE_VMID};
    int fds[] = {render_node(), render_node(), node_of(1, true)};

    (void)state;
    assert_int_equal(call(fds[0], DRM_IOCTL_AMDGPU_VM, &reserve), 0);
    assert_int_equal(call(fds[0], DRM_IOCTL_AMDGPU_VM, &reserve), 0);
    assert_int_equal(call(fds[1], DRM_IOCTL_AMDGPU_VM, &reserve), has_additions() ? ENOENT : 0);
    assert_int_equal(call(fds[2], DRM_IOCTL_AMDGPU_VM, &reserve), 0); /* another GPU's */
    assert_int_equal(call(fds[1], DRM_IOCTL_AMDGPU_VM, &release), 0); /* not its own */
    assert_int_equal(call(fds[1], DRM_IOCTL_AMDGPU_VM, &reserve), has_additions() ? ENOENT : 0);
    node_close(fds[0]);
    assert_int_equal(call(fds[1], DRM_IOCTL_AMDGPU_VM, &reserve), 0);
    node_close(fds[1]);
    node_close(fds[2]);
}

static int client_name(int fd, const char *name, uint64_t length)
{
    struct drm_uapi_set_client_name args = {.name = (uintptr_t)name, .name_len = length};

    return call(fd, DRM_UAPI_IOCTL_SET_CLIENT_NAME, &args);
}

static void a_client_has_a_name(void **state)
{
    const char long_name[DRM_UAPI_CLIENT_NAME_MAX + 1] = "x";
    int fd = render_node();

    (void)state;
    needs_additions();
    assert_int_equal(client_name(fd, "vkcube", 6), 0);
    assert_int_equal(client_name(fd, NULL, 0), 0);
    assert_int_equal(client_name(fd, "vk cube", 7), EINVAL);
    assert_int_equal(client_name(fd, "vkcube", 7), EINVAL); /* with its end */
    assert_int_equal(client_name(fd, long_name, sizeof long_name), EINVAL);
    assert_int_equal(client_name(fd, (const char *)8, 6), EFAULT);
    node_close(fd);
}

/* GFX10.3 has no user queues of the graphics driver, also where the kernel knows them. */
static void user_queues_are_not_there(void **state)
{
    struct drm_uapi_userq_wait args = {{0}};
    struct drm_uapi_info_hw_ip_slots slots;
    struct drm_amdgpu_info info = {.query = AMDGPU_INFO_HW_IP_INFO,
                                   .return_pointer = (uintptr_t)&slots,
                                   .return_size = sizeof slots};
    int fd = render_node();
    uint32_t handle;

    (void)state;
    needs_additions();
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_USERQ, &args), E_NOTSUPP);
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_USERQ_SIGNAL, &args), E_NOTSUPP);
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_USERQ_WAIT, &args), E_NOTSUPP);
    slots.userq_num_slots = 7;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_INFO, &info), 0);
    assert_int_equal(slots.userq_num_slots, 0);
    info.query = DRM_UAPI_INFO_UQ_FW_AREAS;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_INFO, &info), EOPNOTSUPP);
    info.query_hw_ip.type = AMDGPU_HW_IP_VCN_DEC;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_INFO, &info), EINVAL);
    assert_int_equal(gem_create_err(fd, PAGE, DRM_UAPI_GEM_DOMAIN_DOORBELL, 0, &handle), EINVAL);
    node_close(fd);
}

static int handle_to_fd(int fd, struct drm_uapi_syncobj_handle *args)
{
    return call(fd, DRM_UAPI_IOCTL_SYNCOBJ_HANDLE_TO_FD, args);
}

static void a_sync_file_of_a_point(void **state)
{
    const uint32_t both =
        DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE | DRM_UAPI_SYNCOBJ_HANDLE_TIMELINE;
    int fd = render_node();
    uint64_t point = 5;
    uint32_t timeline = syncobj_new(fd), other = syncobj_new(fd);
    struct drm_syncobj_timeline_array signal = {
        .handles = (uintptr_t)&timeline, .points = (uintptr_t)&point, .count_handles = 1};
    struct drm_uapi_syncobj_handle args = {.handle = timeline, .flags = both, .point = 6};

    (void)state;
    needs_additions();
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &signal), 0);
    assert_int_equal(handle_to_fd(fd, &args), EINVAL); /* not submitted */
    args.point = 5;
    assert_int_equal(handle_to_fd(fd, &args), 0);
    args.handle = other;
    args.point = 9;
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args), 0);
    assert_int_equal(point_state(fd, other, 9), 0);
    assert_int_equal(point_state(fd, other, 10), EINVAL);
    close(args.fd);
    args.flags = DRM_UAPI_SYNCOBJ_HANDLE_TIMELINE; /* a syncobj is of no point */
    assert_int_equal(handle_to_fd(fd, &args), EINVAL);
    args.flags = 0; /* and the field of no meaning */
    assert_int_equal(handle_to_fd(fd, &args), 0);
    close(args.fd);
    node_close(fd);
}

/* ---- older kernels ---- */

static void older_kernels_do_not_read_new_fields(void **state)
{
    struct drm_uapi_gem_op op = {.padding = 1, .num_entries = 1};
    struct drm_uapi_syncobj_handle handle = {.flags =
                                                 DRM_UAPI_SYNCOBJ_HANDLE_TIMELINE |
                                                 DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE};
    struct drm_amdgpu_gem_create_in info;
    struct client c;

    (void)state;
    if (has_additions())
        skip(); /* they are not new there */
    client_open(&c);
    struct drm_uapi_gem_va args = va_args(&c, AMDGPU_VA_OP_MAP);
    args.vm_timeline_syncobj_out = args.num_syncobj_handles = UNKNOWN_ID;
    assert_int_equal(gem_va_full(c.fd, args), 0);
    args.vm_timeline_syncobj_out = syncobj_new(c.fd);
    args.base.operation = AMDGPU_VA_OP_UNMAP;
    assert_int_equal(gem_va_full(c.fd, args), 0);
    assert_int_equal(point_state(c.fd, args.vm_timeline_syncobj_out, 0), EINVAL);
    op.base.handle = c.bo;
    op.base.value = (uintptr_t)&info;
    assert_int_equal(call(c.fd, DRM_UAPI_IOCTL_GEM_OP, &op), 0);
    op.base.op = DRM_UAPI_GEM_OP_GET_MAPPING_INFO;
    assert_int_equal(call(c.fd, DRM_UAPI_IOCTL_GEM_OP, &op), EINVAL);
    handle.handle = syncobj_signalled(c.fd);
    assert_int_equal(handle_to_fd(c.fd, &handle), EINVAL);
    assert_int_equal(call(c.fd, DRM_UAPI_IOCTL_GEM_LIST_HANDLES, &args), EINVAL);
    assert_int_equal(call(c.fd, DRM_UAPI_IOCTL_USERQ, &args), EINVAL);
    assert_int_equal(client_name(c.fd, "vkcube", 6), EINVAL);
    client_close(&c);
}

/* Older kernels say that all of them have ended. */
static void no_fences_to_wait_for(void **state)
{
    union drm_amdgpu_wait_fences all = {.in.wait_all = 1}, any = {.in.wait_all = 0};
    int fd = render_node();

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &all), has_additions() ? EINVAL : 0);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &any), EINVAL);
    node_close(fd);
}

/* Fences in and out of dma-bufs came with Linux 6.0. */
static void fences_of_dma_bufs(void **state)
{
    struct dma_buf_export_sync_file args = {.flags = DMA_BUF_SYNC_READ};
    int fd = render_node();
    struct drm_prime_handle prime = {.handle = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_GTT),
                                     .flags = DRM_CLOEXEC};
    int expected = drm_minor() >= DRM_MINOR_6_0 ? 0 : ENOTTY;

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
    assert_int_equal(call(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args), expected);
    if (!expected)
        close(args.fd);
    close(prime.fd);
    node_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_become_points_of_a_timeline),
        cmocka_unit_test(an_unmapping_is_told_when_jobs_are_through),
        cmocka_unit_test(a_failed_operation_tells_nobody),
        cmocka_unit_test(input_fences_are_checked),
        cmocka_unit_test(input_fences_are_waited_for),
        cmocka_unit_test(handles_are_listed),
        cmocka_unit_test(mappings_are_listed),
        cmocka_unit_test(the_reserved_vmid_is_one_vms),
        cmocka_unit_test(a_client_has_a_name),
        cmocka_unit_test(user_queues_are_not_there),
        cmocka_unit_test(a_sync_file_of_a_point),
        cmocka_unit_test(older_kernels_do_not_read_new_fields),
        cmocka_unit_test(fences_of_dma_bufs),
        cmocka_unit_test(no_fences_to_wait_for),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
