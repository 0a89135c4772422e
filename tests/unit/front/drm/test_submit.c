/* SPDX-License-Identifier: MIT
 *
 * Contexts, buffer lists, and the names of fences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/front/drm/fixture.h"

static int ctx(int fd, uint32_t op, uint32_t flags, uint32_t id, int32_t priority,
               union drm_amdgpu_ctx *out_args)
{
    union drm_amdgpu_ctx args = {
        .in = {.op = op, .flags = flags, .ctx_id = id, .priority = priority}};
    int err = call(fd, DRM_IOCTL_AMDGPU_CTX, &args);

    if (out_args)
        *out_args = args;
    return err;
}

static uint32_t ctx_alloc(int fd)
{
    union drm_amdgpu_ctx args;

    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_ALLOC_CTX, 0, 0, 0, &args), 0);
    return args.out.alloc.ctx_id;
}

static void contexts(void **state)
{
    union drm_amdgpu_ctx args;
    int fd = render_node();

    (void)state;
    assert_int_equal(ctx_alloc(fd), 1);
    assert_int_equal(ctx_alloc(fd), 2);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_ALLOC_CTX, 1, 0, 0, NULL), EINVAL);
    assert_int_equal(ctx(fd, 99, 0, 1, 0, NULL), EINVAL);
    assert_int_equal(ctx(fd, 0, 0, 1, 0, NULL), EINVAL);
    /* Garbage in the priority is normal priority. */
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_ALLOC_CTX, 0, 0, 12345, &args), 0);
    assert_int_equal(args.out.alloc.ctx_id, 3);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_ALLOC_CTX, 0, 0, AMDGPU_CTX_PRIORITY_HIGH, NULL),
                     geteuid() == 0 ? 0 : EACCES);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_FREE_CTX, 0, 2, 0, NULL), 0);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_FREE_CTX, 0, 2, 0, NULL), EINVAL);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_QUERY_STATE, 0, 2, 0, NULL), EINVAL);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_QUERY_STATE, 0, 1, 0, &args), 0);
    assert_int_equal(args.out.state.reset_status, AMDGPU_CTX_NO_RESET);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_QUERY_STATE2, 0, 1, 0, &args), 0);
    assert_int_equal(args.out.state.flags, 0);
    node_close(fd);
}

static void context_ids_run_out(void **state)
{
    union drm_amdgpu_ctx args;
    int fd = render_node();

    (void)state;
    for (uint32_t i = 1; i <= 4095; i++)
        assert_int_equal(ctx_alloc(fd), i);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_ALLOC_CTX, 0, 0, 0, &args), ENOSPC);
    node_close(fd);
}

static void stable_power_state_has_one_owner(void **state)
{
    const uint32_t set = AMDGPU_CTX_OP_SET_STABLE_PSTATE;
    union drm_amdgpu_ctx args;
    int fd = render_node(), other = render_node();
    uint32_t a = ctx_alloc(fd), b = ctx_alloc(other);

    (void)state;
    assert_int_equal(ctx(fd, set, 1u << 8, a, 0, NULL), EINVAL);
    assert_int_equal(ctx(fd, set, AMDGPU_CTX_STABLE_PSTATE_PEAK + 1, a, 0, NULL), EINVAL);
    assert_int_equal(ctx(fd, set, AMDGPU_CTX_STABLE_PSTATE_PEAK, a, 0, NULL), 0);
    assert_int_equal(ctx(other, set, AMDGPU_CTX_STABLE_PSTATE_PEAK, b, 0, NULL), EBUSY);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_GET_STABLE_PSTATE, 0, a, 0, &args), 0);
    assert_int_equal(args.out.pstate.flags, AMDGPU_CTX_STABLE_PSTATE_PEAK);
    assert_int_equal(ctx(fd, AMDGPU_CTX_OP_FREE_CTX, 0, a, 0, NULL), 0);
    assert_int_equal(ctx(other, AMDGPU_CTX_OP_GET_STABLE_PSTATE, 0, b, 0, &args), 0);
    assert_int_equal(args.out.pstate.flags, AMDGPU_CTX_STABLE_PSTATE_NONE);
    assert_int_equal(ctx(other, set, AMDGPU_CTX_STABLE_PSTATE_PEAK, b, 0, NULL), 0);
    node_close(fd);
    node_close(other);
}

static int bo_list(int fd, uint32_t op, uint32_t list, const void *entries, uint32_t count,
                   uint32_t entry_size, uint32_t *out_list)
{
    union drm_amdgpu_bo_list args = {.in = {.operation = op,
                                            .list_handle = list,
                                            .bo_number = count,
                                            .bo_info_size = entry_size,
                                            .bo_info_ptr = (uintptr_t)entries}};
    int err = call(fd, DRM_IOCTL_AMDGPU_BO_LIST, &args);

    *out_list = args.out.list_handle;
    return err;
}

static void buffer_lists(void **state)
{
    const uint32_t create = AMDGPU_BO_LIST_OP_CREATE, update = AMDGPU_BO_LIST_OP_UPDATE;
    const uint32_t destroy = AMDGPU_BO_LIST_OP_DESTROY;
    uint64_t before = vram_used(0);
    int fd = render_node();
    uint32_t a = gem_create(fd, MIB, AMDGPU_GEM_DOMAIN_VRAM), list;
    struct drm_amdgpu_bo_list_entry entries[2] = {{.bo_handle = a}, {.bo_handle = a}};
    struct drm_amdgpu_bo_list_entry wrong = {.bo_handle = 99};
    const uint32_t size = sizeof entries[0];

    (void)state;
    assert_int_equal(bo_list(fd, create, 0, entries, 2, size, &list), 0);
    assert_int_equal(list, 1);
    assert_int_equal(bo_list(fd, create, 0, &wrong, 1, size, &list), ENOENT);
    assert_int_equal(bo_list(fd, create, 0, (void *)8, 1, size, &list), EFAULT);
    assert_int_equal(bo_list(fd, create, 0, entries, 128 * 1024 + 1, size, &list), EINVAL);
    assert_int_equal(bo_list(fd, 77, 0, entries, 1, size, &list), EINVAL);
    assert_int_equal(bo_list(fd, update, 2, entries, 1, size, &list), ENOENT);
    assert_int_equal(bo_list(fd, update, 1, entries, 1, size, &list), 0);
    /* An older, shorter entry: the handle alone. */
    assert_int_equal(bo_list(fd, create, 0, &a, 1, 4, &list), 0);
    /* The list holds its objects. */
    assert_int_equal(gem_close(fd, a), 0);
    assert_int_equal(vram_used(0), before + MIB);
    assert_int_equal(bo_list(fd, destroy, 1, NULL, 0, size, &list), 0);
    assert_int_equal(list, 0);
    assert_int_equal(bo_list(fd, destroy, 1, NULL, 0, size, &list), 0); /* unknown: success */
    assert_int_equal(bo_list(fd, destroy, 2, NULL, 0, size, &list), 0);
    assert_int_equal(vram_used(0), before);
    node_close(fd);
}

static void vmids(void **state)
{
    union drm_amdgpu_vm args = {.in = {.op = AMDGPU_VM_OP_RESERVE_VMID, .flags = 1}};
    int fd = render_node();

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_VM, &args), EINVAL);
    args.in.flags = 0;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_VM, &args), 0);
    args.in.op = AMDGPU_VM_OP_UNRESERVE_VMID;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_VM, &args), 0);
    args.in.op = 9;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_VM, &args), EINVAL);
    node_close(fd);
}

static void bad_names_of_fences(void **state)
{
    int fd = render_node();
    uint32_t id = ctx_alloc(fd);
    union drm_amdgpu_cs cs = {.in.ctx_id = id};
    union drm_amdgpu_wait_cs wait = {.in = {.handle = 1, .ctx_id = id}};
    union drm_amdgpu_fence_to_handle to_handle = {.in.fence = {.ctx_id = id, .seq_no = 1}};
    struct drm_amdgpu_fence fence = {.ctx_id = id, .seq_no = 1};
    union drm_amdgpu_wait_fences fences = {.in = {.fences = (uintptr_t)&fence, .fence_count = 1}};

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_CS, &cs), EINVAL);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_CS, &wait), EINVAL);
    wait.in.ctx_id = 99;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_CS, &wait), EINVAL);
    /* The last submission, when there was none, is over. */
    wait = (union drm_amdgpu_wait_cs){.in = {.handle = UINT64_MAX, .ctx_id = id}};
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_CS, &wait), 0);
    assert_int_equal(wait.out.status, 0);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_FENCE_TO_HANDLE, &to_handle), EINVAL);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &fences), EINVAL);
    fences.in.fences = 8;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &fences), EFAULT);
    fences = (union drm_amdgpu_wait_fences){.in.fence_count = 0};
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &fences), EINVAL);
    fences = (union drm_amdgpu_wait_fences){.in.wait_all = 1};
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &fences), 0);
    assert_int_equal(fences.out.status, 1);
    node_close(fd);
}

static void priority_overrides_are_the_masters(void **state)
{
    int card = node_of(0, false), fd = render_node();
    union drm_amdgpu_sched args = {.in = {.op = AMDGPU_SCHED_OP_CONTEXT_PRIORITY_OVERRIDE,
                                          .fd = (uint32_t)fd,
                                          .ctx_id = ctx_alloc(fd),
                                          .priority = AMDGPU_CTX_PRIORITY_HIGH}};

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_SCHED, &args), EACCES);
    assert_int_equal(call(card, DRM_IOCTL_AMDGPU_SCHED, &args), 0);
    args.in.ctx_id = 55;
    assert_int_equal(call(card, DRM_IOCTL_AMDGPU_SCHED, &args), EINVAL);
    args.in.op = AMDGPU_SCHED_OP_PROCESS_PRIORITY_OVERRIDE;
    assert_int_equal(call(card, DRM_IOCTL_AMDGPU_SCHED, &args), 0);
    args.in.priority = 3;
    assert_int_equal(call(card, DRM_IOCTL_AMDGPU_SCHED, &args), EINVAL);
    args.in.priority = AMDGPU_CTX_PRIORITY_LOW;
    args.in.fd = 0;
    assert_int_equal(call(card, DRM_IOCTL_AMDGPU_SCHED, &args), EINVAL);
    node_close(fd);
    node_close(card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts),
        cmocka_unit_test(context_ids_run_out),
        cmocka_unit_test(stable_power_state_has_one_owner),
        cmocka_unit_test(buffer_lists),
        cmocka_unit_test(vmids),
        cmocka_unit_test(bad_names_of_fences),
        cmocka_unit_test(priority_overrides_are_the_masters),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
