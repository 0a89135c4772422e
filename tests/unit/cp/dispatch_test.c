/* SPDX-License-Identifier: MIT
 *
 * Kernel dispatches: the state that waves start in, grids and their edges, scratch, LDS, who runs
 * beside whom, and being stopped half-way.
 */
#include "softgpu/cp/dispatch.h"
#include "suite.h"

static void put_kernarg(struct rig *rig, uint64_t kernarg, uint64_t buffer, uint32_t word)
{
    memcpy(rig_host(rig, kernarg), &buffer, 8);
    memcpy((uint8_t *)rig_host(rig, kernarg) + 8, &word, 4);
}

static uint64_t new_kernarg(struct rig *rig, uint64_t buffer, uint32_t word)
{
    uint64_t kernarg = rig_alloc(rig, 64, 64);

    put_kernarg(rig, kernarg, buffer, word);
    return kernarg;
}

/* ---- initial state ---- */

struct record { /* see programs.s: state */
    uint32_t private_buffer[4];
    uint64_t dispatch_ptr, queue_ptr, kernarg, dispatch_id, flat_scratch;
    uint32_t private_size, group[3], group_info, wave_offset;
    uint32_t exec, mode, hw_id1, hw_id2, status, order, unused[6];
    uint32_t v[3][32];
};

enum {
    ALL_PROPERTIES = 0x7f | KERNEL_WAVEFRONT_SIZE32,
    STATE_GROUPS = RIG_SCRATCH | RIG_GROUP_X | RIG_GROUP_Y | RIG_GROUP_Z | RIG_GROUP_INFO,
};

static uint64_t state_kernel(struct rig *rig, uint32_t items)
{
    struct rig_kernel kernel = {RIG_PROGRAM(state), .user_sgprs = 15,
                                .rsrc1_more = 0xf0u << 12 | 1u << 21 | 1u << 23,
                                .rsrc2_more = STATE_GROUPS | items, .properties = ALL_PROPERTIES};

    return rig_kernel(rig, &kernel);
}

static void give_scratch(struct rig_queue *q, uint32_t waves, uint32_t kib)
{
    struct amd_queue *amd = q->amd_host;

    amd->scratch_backing_memory_location = rig_alloc(q->rig, (uint64_t)waves * kib * 1024, 65536);
    amd->scratch_backing_memory_byte_size = (uint64_t)waves * kib * 1024;
    amd->compute_tmpring_size = waves | kib << 12;
    amd->scratch_wave64_lane_byte_size = kib * 1024 / 64;
    /* As ROCr makes it for GFX10: swizzled, add-tid, no bounds check, raw 32-bit format. */
    amd->scratch_resource_descriptor[0] = (uint32_t)amd->scratch_backing_memory_location;
    amd->scratch_resource_descriptor[1] =
        (uint32_t)(amd->scratch_backing_memory_location >> 32) | 1u << 31;
    amd->scratch_resource_descriptor[2] = (uint32_t)amd->scratch_backing_memory_byte_size;
    amd->scratch_resource_descriptor[3] =
        4 | 5 << 3 | 6 << 6 | 7 << 9 | 20u << 12 | 1u << 23 | 1u << 24 | 2u << 28;
}

/* The record of a workgroup's wave, found by ids. */
static const struct record *record_find(struct rig *rig, uint64_t buffer, uint32_t x, uint32_t y,
                                        uint32_t z, bool first_wave)
{
    uint32_t count = *(uint32_t *)rig_host(rig, buffer);

    for (uint32_t i = 1; i <= count; i++) {
        const struct record *r = rig_host(rig, buffer + i * 1024);

        if (r->group[0] == x && r->group[1] == y && r->group[2] == z &&
            (r->group_info >> 31) == first_wave)
            return r;
    }
    fail_msg("no wave of workgroup %u,%u,%u", x, y, z);
    return NULL;
}

static void test_user_sgprs(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 8192, 1024), kernarg = new_kernarg(rig, buffer, 0);
    union aql_packet packet = rig_dispatch(state_kernel(rig, 0), 32, 32, kernarg, 0);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    give_scratch(&q, 64, 1);
    packet.dispatch.private_segment_size = 29;
    rig_run(&q, rig_dispatch(RIG_KERNEL(rig, nothing), 32, 32, 0, 0));
    rig_run(&q, packet);
    const struct record *r = record_find(rig, buffer, 0, 0, 0, true);

    assert_int_equal(r->private_buffer[0], q.amd_host->scratch_resource_descriptor[0]);
    assert_int_equal(r->private_buffer[1], q.amd_host->scratch_resource_descriptor[1]);
    assert_int_equal(r->private_buffer[3],
                     q.amd_host->scratch_resource_descriptor[3] | 2u << 21); /* 32 lanes */
    assert_int_equal(r->dispatch_ptr, q.ring + AQL_PACKET_BYTES);
    assert_int_equal(r->queue_ptr, q.amd);
    assert_int_equal(r->kernarg, kernarg);
    assert_int_equal(r->dispatch_id, 1);
    assert_int_equal(r->flat_scratch, q.amd_host->scratch_backing_memory_location);
    assert_int_equal(r->private_size, 32);
    assert_int_equal(r->group_info, 1u << 31 | 1);
    assert_int_equal(r->wave_offset % 1024, 0);
    assert_in_range(r->wave_offset, 0, 63 * 1024);
    assert_int_equal(r->exec, 0xffffffff);
    assert_int_equal(r->mode & 0xfffff, 0xf0 | 1 << 8 | 1 << 9);
    assert_int_equal(r->status & 1 << 16, 1 << 16);
    rig_queue_destroy(&q);
}

/* 10 x 3 x 2 items a workgroup = 60: waves of 32 and 28 lanes. Grid 24 x 5 x 3: edges on all sides.
 */
static void test_ids_and_edges(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 64 * 1024, 1024), kernarg = new_kernarg(rig, buffer, 0);
    union aql_packet packet = rig_dispatch(state_kernel(rig, RIG_ITEM_Z), 1, 1, kernarg, 0);

    memcpy(packet.dispatch.workgroup_size, (uint16_t[]){10, 3, 2}, 6);
    memcpy(packet.dispatch.grid_size, (uint32_t[]){24, 5, 3}, 12);
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_run(&q, packet);

    /* Of the 3 x 2 x 2 workgroups, those with 32 items or fewer have one wave. */
    unsigned waves = 0;
    for (unsigned z = 0; z < 2; z++)
        for (unsigned y = 0; y < 2; y++)
            for (unsigned x = 0; x < 3; x++) {
                unsigned size[3] = {x == 2 ? 4 : 10, y == 1 ? 2 : 3, z == 1 ? 1 : 2};
                unsigned items = size[0] * size[1] * size[2];

                for (unsigned w = 0; w * 32 < items; w++, waves++) {
                    const struct record *r = record_find(rig, buffer, x, y, z, w == 0);
                    unsigned lanes = items - w * 32 < 32 ? items - w * 32 : 32;

                    assert_int_equal(r->exec, lanes == 32 ? 0xffffffff : (1u << lanes) - 1);
                    assert_int_equal(r->group_info & 0x3f, (items + 31) / 32);
                    assert_int_equal(r->group_info >> 6 & 0x3f, w);
                    assert_int_equal(r->group_info >> 20 & 0x1f, w);
                    for (unsigned lane = 0; lane < lanes; lane++) {
                        unsigned id = w * 32 + lane;

                        assert_int_equal(r->v[0][lane], id % size[0]);
                        assert_int_equal(r->v[1][lane], id / size[0] % size[1]);
                        assert_int_equal(r->v[2][lane], id / size[0] / size[1]);
                    }
                }
            }
    assert_int_equal(*(uint32_t *)rig_host(rig, buffer), waves);
    rig_queue_destroy(&q);
}

static void test_item_ids_only_as_asked(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 8192, 1024), kernarg = new_kernarg(rig, buffer, 0);
    union aql_packet packet = rig_dispatch(state_kernel(rig, 0), 1, 1, kernarg, 0);

    memcpy(packet.dispatch.workgroup_size, (uint16_t[]){4, 4, 2}, 6);
    memcpy(packet.dispatch.grid_size, (uint32_t[]){4, 4, 2}, 12);
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_run(&q, packet);
    const struct record *r = record_find(rig, buffer, 0, 0, 0, true);

    assert_int_equal(r->v[0][31], 3);
    assert_int_equal(r->v[1][31], 0);
    assert_int_equal(r->v[2][31], 0);
    rig_queue_destroy(&q);
}

static void test_cu_mask_shows_in_hw_id(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 128 * 1024, 1024), kernarg = new_kernarg(rig, buffer, 0);
    uint32_t mask = 3u << 2; /* the first WGP of engine 1 */

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    cp_queue_set_cu_mask(q.queue, &mask, 32);
    rig_run(&q, rig_dispatch(state_kernel(rig, 0), 32, 100 * 32, kernarg, 0));
    assert_int_equal(*(uint32_t *)rig_host(rig, buffer), 100);
    for (unsigned i = 1; i <= 100; i++) {
        const struct record *r = rig_host(rig, buffer + i * 1024);

        assert_int_equal(r->hw_id1 >> 18 & 3, 1);   /* engine */
        assert_int_equal(r->hw_id1 >> 16 & 1, 0);   /* array */
        assert_int_equal(r->hw_id1 >> 10 & 0xf, 0); /* WGP */
    }
    rig_queue_destroy(&q);
}

/* Masks count the units that are there; the first array has the one WGP that is left. */
static void test_masks_know_units_that_are_off(void **state)
{
    struct gpu_profile gpu = *gpu_profile_find("gfx1030");
    const uint32_t first = 3, second = 3u << 2;
    struct cp_cus cus;

    (void)state;
    assert_true(rw_ok(gpu_profile_keep_cus(&gpu, 2)));
    cp_cus_select(&gpu, NULL, 0, &cus);
    assert_int_equal(cus.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(cus.cu[i].engine, 0);
        assert_int_equal(cus.cu[i].array, 0);
        assert_int_equal(cus.cu[i].cu, i);
    }
    cp_cus_select(&gpu, &first, 32, &cus);
    assert_int_equal(cus.count, 2);
    cp_cus_select(&gpu, &second, 32, &cus);
    assert_int_equal(cus.count, 0);
}

/* A GPU of one WGP: more workgroups than it holds at a time, all on it. */
static void test_one_wgp_runs_everything(void **state)
{
    struct rig *rig = *state;
    const struct gpu_profile *model = rig->device.profile;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 128 * 1024, 1024), kernarg = new_kernarg(rig, buffer, 0);

    rig->device.own_profile = *model;
    assert_true(rw_ok(gpu_profile_keep_cus(&rig->device.own_profile, 2)));
    rig->device.profile = &rig->device.own_profile;
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_run(&q, rig_dispatch(state_kernel(rig, 0), 32, 100 * 32, kernarg, 0));
    assert_int_equal(*(uint32_t *)rig_host(rig, buffer), 100);
    for (unsigned i = 1; i <= 100; i++) {
        const struct record *r = rig_host(rig, buffer + i * 1024);

        assert_int_equal(r->hw_id1 >> 18 & 3, 0);   /* engine */
        assert_int_equal(r->hw_id1 >> 16 & 1, 0);   /* array */
        assert_int_equal(r->hw_id1 >> 10 & 0xf, 0); /* WGP */
    }
    rig_queue_destroy(&q);
    rig->device.profile = model;
}

/* ---- results ---- */

static void check_fill(struct rig *rig, uint64_t buffer, unsigned count)
{
    const uint32_t *words = rig_host(rig, buffer);

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(words[i], 3 * i + 1);
    assert_int_equal(words[count], 0);
}

static void test_every_workgroup_runs_once(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    struct cp_stats before, after;
    uint64_t kernel = RIG_KERNEL(rig, fill);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    for (unsigned groups = 1; groups <= 4096; groups *= 4) {
        uint64_t buffer = rig_alloc(rig, groups * 256 + 4, 64);

        cp_device_stats(rig->cp, &before);
        rig_run(&q, rig_dispatch(kernel, 64, groups * 64, new_kernarg(rig, buffer, 0), 0));
        cp_device_stats(rig->cp, &after);
        check_fill(rig, buffer, groups * 64);
        assert_int_equal(after.workgroups - before.workgroups, groups);
        assert_int_equal(after.waves - before.waves, groups * 2);
        assert_int_equal(after.instructions - before.instructions, groups * 2 * 8);
        assert_int_equal(after.dispatches - before.dispatches, 1);
    }
    rig_queue_destroy(&q);
}

static void test_wave64(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    struct cp_stats before, after;
    struct rig_kernel kernel = {RIG_PROGRAM(fill), .user_sgprs = 2, .rsrc2_more = RIG_GROUP_X,
                                .properties = KERNEL_KERNARG_SEGMENT_PTR};
    uint64_t buffer = rig_alloc(rig, 1024, 64);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    cp_device_stats(rig->cp, &before);
    rig_run(&q, rig_dispatch(rig_kernel(rig, &kernel), 64, 150, new_kernarg(rig, buffer, 0), 0));
    cp_device_stats(rig->cp, &after);
    check_fill(rig, buffer, 150);
    assert_int_equal(after.waves - before.waves, 3);
    rig_queue_destroy(&q);
}

static void test_code_may_change_between_dispatches(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 4, 64), kernarg = new_kernarg(rig, buffer, 0);
    uint64_t kernel = RIG_KERNEL(rig, store);
    uint32_t *words = rig_host(rig, kernel + 256);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_run(&q, rig_dispatch(kernel, 32, 32, kernarg, 0));
    assert_int_equal(*(uint32_t *)rig_host(rig, buffer), 7);
    for (unsigned i = 0; i < sizeof(program_store) / 4; i++)
        if (words[i] == 0x7e040287) /* v_mov_b32 v2, 7 */
            words[i] = 0x7e040288;
    rig_run(&q, rig_dispatch(kernel, 32, 32, kernarg, 0));
    assert_int_equal(*(uint32_t *)rig_host(rig, buffer), 8);
    rig_queue_destroy(&q);
}

static void test_machine_answers(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    enum { LDS = 4096 };
    uint64_t buffer = rig_alloc(rig, 64, 64), kernarg = new_kernarg(rig, buffer, LDS - 4);
    union aql_packet packet = rig_dispatch(RIG_KERNEL(rig, machine), 32, 32, kernarg, 0);
    uint64_t before = soft_device_clock(&rig->device);
    const uint32_t *words = rig_host(rig, buffer);
    uint64_t realtime;

    packet.dispatch.group_segment_size = LDS;
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_run(&q, packet);
    memcpy(&realtime, words, 8);
    assert_in_range(realtime, before, soft_device_clock(&rig->device));
    assert_in_range(words[4], 40, 1000); /* the doorbell id that the rig gave the queue */
    assert_int_equal(words[5], 0x1234);  /* the last word of the LDS the packet asked for */
    rig_queue_destroy(&q);
}

static void test_interrupt_message(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_run(&q, rig_dispatch(RIG_KERNEL(rig, interrupt), 32, 32, 0, 0));
    assert_true(rig_wait_count(&rig->interrupts[9], 1));
    rig_queue_destroy(&q);
}

/* ---- scratch ---- */

static union aql_packet scratch_packet(struct rig *rig, uint64_t buffer, unsigned groups)
{
    struct rig_kernel kernel = {RIG_PROGRAM(scratch), .user_sgprs = 6,
                                .rsrc2_more = RIG_SCRATCH | RIG_GROUP_X,
                                .properties = KERNEL_PRIVATE_SEGMENT_BUFFER |
                                              KERNEL_KERNARG_SEGMENT_PTR | KERNEL_WAVEFRONT_SIZE32};
    union aql_packet packet =
        rig_dispatch(rig_kernel(rig, &kernel), 64, groups * 64, new_kernarg(rig, buffer, 0), 0);

    packet.dispatch.private_segment_size = 32;
    return packet;
}

static void test_waves_have_scratch_of_their_own(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 64, 64);
    const uint32_t *words = rig_host(rig, buffer);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    give_scratch(&q, 24, 1); /* room for 12 of the 300 workgroups at a time */
    rig_run(&q, scratch_packet(rig, buffer, 300));
    assert_int_equal(words[1], 300 * 64);
    assert_int_equal(words[0], 0); /* lanes that found another's number */
    rig_queue_destroy(&q);
}

/* The queue asks for scratch, waits for the runtime, and goes on with the same packet. */
static void test_scratch_is_asked_for(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 64, 64), done = rig_signal(rig, 1);
    union aql_packet packet = scratch_packet(rig, buffer, 3);

    packet.dispatch.completion_signal = done;
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    q.amd_host->queue_inactive_signal = rig_signal_with_event(rig, 0, 21);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, q.amd_host->queue_inactive_signal, AMD_QUEUE_SCRATCH_WAVE32));
    assert_true(rig_wait_count(&rig->interrupts[21], 1));
    assert_int_equal(*q.read, 0); /* ROCr reads the packet there */
    assert_int_equal(rig_signal_value(rig, done), 1);
    give_scratch(&q, 24, 1);
    q.amd_host->queue_properties |= AMD_QUEUE_USE_SCRATCH_ONCE;
    rig_signal_set(rig, q.amd_host->queue_inactive_signal, 0);
    assert_true(rig_wait(rig, done, 0));
    /* Afterwards it hands the scratch back. */
    assert_true(rig_wait(rig, q.amd_host->queue_inactive_signal, AMD_QUEUE_SCRATCH_RECLAIM));
    q.amd_host->compute_tmpring_size = 0;
    rig_signal_set(rig, q.amd_host->queue_inactive_signal, 0);
    __atomic_and_fetch(&q.amd_host->queue_properties, ~(uint32_t)AMD_QUEUE_USE_SCRATCH_ONCE,
                       __ATOMIC_RELEASE);
    rig_run(&q, rig_dispatch(RIG_KERNEL(rig, nothing), 32, 32, 0, 0));
    assert_int_equal(((uint32_t *)rig_host(rig, buffer))[1], 3 * 64);
    rig_queue_destroy(&q);
}

/* ---- side by side ---- */

/* All workgroups wait for each other: they must all be resident. */
static void meet(struct rig *rig, struct rig_queue *q, uint64_t kernel, unsigned groups)
{
    uint64_t buffer = rig_alloc(rig, 64, 64);

    rig_run(q, rig_dispatch(kernel, 32, groups * 32, new_kernarg(rig, buffer, groups), 0));
    assert_int_equal(*(uint32_t *)rig_host(rig, buffer), groups);
}

static void test_workgroups_wait_for_each_other(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    meet(rig, &q, RIG_KERNEL(rig, meet), 2);
    meet(rig, &q, RIG_KERNEL(rig, meet), 1000);
    meet(rig, &q, RIG_KERNEL(rig, meet_spin), 2);
    meet(rig, &q, RIG_KERNEL(rig, meet_spin), 40);
    rig_queue_destroy(&q);
}

static void test_kernels_wait_for_kernels_of_other_queues(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q[3];
    uint64_t kernels[2] = {RIG_KERNEL(rig, meet), RIG_KERNEL(rig, meet_spin)};

    for (unsigned i = 0; i < 3; i++)
        rig_queue_create(rig, CP_QUEUE_AQL, &q[i]);
    for (unsigned k = 0; k < 2; k++) {
        uint64_t kernarg = new_kernarg(rig, rig_alloc(rig, 64, 64), 6);
        uint64_t done = rig_signal(rig, 3);

        for (unsigned i = 0; i < 3; i++) {
            union aql_packet packet = rig_dispatch(kernels[k], 32, 64, kernarg, done);

            rig_aql_put(&q[i], &packet);
        }
        assert_true(rig_wait(rig, done, 0));
    }
    for (unsigned i = 0; i < 3; i++)
        rig_queue_destroy(&q[i]);
}

/* A kernel that waits for the CPU sleeps, and does not burn a core. */
static void test_waiting_kernel_costs_little(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t buffer = rig_alloc(rig, 64, 64), done = rig_signal(rig, 1), before;
    union aql_packet packet =
        rig_dispatch(RIG_KERNEL(rig, meet), 32, 4 * 32, new_kernarg(rig, buffer, 5), done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    rig_sleep_us(20000);
    before = rig_cpu_ns();
    rig_sleep_us(200000);
#ifndef __SANITIZE_THREAD__
    assert_in_range(rig_cpu_ns() - before, 0, 60000000); /* 30 % of a core */
#endif
    assert_int_equal(rig_signal_value(rig, done), 1);
    __atomic_add_fetch((uint32_t *)rig_host(rig, buffer), 1, __ATOMIC_SEQ_CST);
    assert_true(rig_wait(rig, done, 0));
    (void)before;
    rig_queue_destroy(&q);
}

/* ---- being stopped ---- */

static void test_suspend_in_the_middle(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    enum { GROUPS = 64, TURNS = 200000 };
    uint64_t buffer = rig_alloc(rig, 64, 64), done = rig_signal(rig, 1);
    union aql_packet packet =
        rig_dispatch(RIG_KERNEL(rig, busy), 32, GROUPS * 32, new_kernarg(rig, buffer, TURNS), done);
    uint32_t *count = rig_host(rig, buffer);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    for (unsigned i = 0; i < 5; i++) {
        rig_sleep_us(5000);
        cp_queue_suspend(q.queue);
        uint32_t held = __atomic_load_n(count, __ATOMIC_RELAXED);
        uint64_t cpu = rig_cpu_ns();

        rig_sleep_us(20000);
        assert_int_equal(__atomic_load_n(count, __ATOMIC_RELAXED), held);
        assert_in_range(rig_cpu_ns() - cpu, 0, 5000000);
        cp_queue_resume(q.queue);
    }
    assert_true(rig_wait(rig, done, 0));
    assert_int_equal(*count, GROUPS);
    rig_queue_destroy(&q);
}

static void test_destroy_in_the_middle(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q, other;
    uint64_t buffer = rig_alloc(rig, 64, 64), done = rig_signal(rig, 1), started;
    union aql_packet packet = rig_dispatch(RIG_KERNEL(rig, meet_spin), 32, 16 * 32,
                                           new_kernarg(rig, buffer, UINT32_MAX), done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_queue_create(rig, CP_QUEUE_AQL, &other);
    rig_aql_put(&q, &packet);
    rig_sleep_us(20000);
    meet(rig, &other, RIG_KERNEL(rig, meet), 8); /* beside the one that never ends */
    started = rig_now_ns();
    rig_queue_destroy(&q);
    assert_in_range(rig_now_ns() - started, 0, 2000000000);
    assert_int_equal(rig_signal_value(rig, done), 1);
    rig_queue_destroy(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_user_sgprs),
        SUITE_TEST(test_ids_and_edges),
        SUITE_TEST(test_item_ids_only_as_asked),
        SUITE_TEST(test_cu_mask_shows_in_hw_id),
        SUITE_TEST(test_masks_know_units_that_are_off),
        SUITE_TEST(test_one_wgp_runs_everything),
        SUITE_TEST(test_every_workgroup_runs_once),
        SUITE_TEST(test_wave64),
        SUITE_TEST(test_code_may_change_between_dispatches),
        SUITE_TEST(test_machine_answers),
        SUITE_TEST(test_interrupt_message),
        SUITE_TEST(test_waves_have_scratch_of_their_own),
        SUITE_TEST(test_scratch_is_asked_for),
        SUITE_TEST(test_workgroups_wait_for_each_other),
        SUITE_TEST(test_kernels_wait_for_kernels_of_other_queues),
        SUITE_TEST(test_waiting_kernel_costs_little),
        SUITE_TEST(test_suspend_in_the_middle),
        SUITE_TEST(test_destroy_in_the_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
