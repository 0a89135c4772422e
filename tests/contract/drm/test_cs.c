/* SPDX-License-Identifier: MIT
 *
 * What CS accepts and refuses, chunk by chunk, and in which order it looks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/contract/drm/support.h"

static const struct {
    unsigned ip, ring;
} every_ring[] = {
    {AMDGPU_HW_IP_GFX, 0},     {AMDGPU_HW_IP_COMPUTE, 0}, {AMDGPU_HW_IP_COMPUTE, 1},
    {AMDGPU_HW_IP_COMPUTE, 2}, {AMDGPU_HW_IP_COMPUTE, 3}, {AMDGPU_HW_IP_DMA, 0},
    {AMDGPU_HW_IP_DMA, 1},
};

static struct drm_amdgpu_cs_chunk_ib write_ib(struct client *c, unsigned ip, unsigned ring,
                                              unsigned word, uint32_t value)
{
    if (ip == AMDGPU_HW_IP_DMA)
        return IB(c, ip, ring, SDMA_WRITE(word_va(c, word), value));
    return IB(c, ip, ring, PM4_WRITE(word_va(c, word), value));
}

static void every_ring_executes(void **state)
{
    struct client c;
    uint64_t sequence;

    (void)state;
    client_open(&c);
    for (unsigned i = 0; i < sizeof every_ring / sizeof every_ring[0]; i++) {
        unsigned ip = every_ring[i].ip, ring = every_ring[i].ring;

        for (unsigned k = 1; k <= 3; k++) { /* sequence numbers are the ring's own */
            assert_int_equal(submit_ib(&c, write_ib(&c, ip, ring, i, 100 * k + i), &sequence), 0);
            assert_int_equal(sequence, k);
            assert_done(&c, ip, ring, sequence);
            assert_int_equal(c.memory[i], 100 * k + i);
        }
    }
    client_close(&c);
}

static void several_buffers_run_in_order(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ibs[10];
    uint64_t sequence;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    for (unsigned i = 0; i < 10; i++) {
        ibs[i] = write_ib(&c, AMDGPU_HW_IP_GFX, 0, 7, i);
        chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ibs[i], sizeof ibs[i]);
    }
    assert_int_equal(submit(c.fd, &s, &sequence), 0);
    assert_done(&c, AMDGPU_HW_IP_GFX, 0, sequence);
    assert_int_equal(c.memory[7], 9);
    client_close(&c);
}

static void bad_names_of_engines(void **state)
{
    static const struct drm_amdgpu_cs_chunk_ib bad[] = {
        {.ip_type = 10},
        {.ip_type = AMDGPU_HW_IP_GFX, .ring = 1},
        {.ip_type = AMDGPU_HW_IP_GFX, .ip_instance = 1},
        {.ip_type = AMDGPU_HW_IP_COMPUTE, .ring = 4},
        {.ip_type = AMDGPU_HW_IP_DMA, .ring = 2},
        {.ip_type = AMDGPU_HW_IP_UVD},
        {.ip_type = AMDGPU_HW_IP_VCN_DEC},
        {.ip_type = AMDGPU_HW_IP_GFX, .ib_bytes = 0x100000 * 4},
    };
    struct client c;

    (void)state;
    client_open(&c);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(submit_ib(&c, bad[i], NULL), EINVAL);
    client_close(&c);
}

static void bad_chunks(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    union drm_amdgpu_cs args;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* none */
    ib = IB(&c, AMDGPU_HW_IP_GFX, 0, PM4_NOP);
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib - 4);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* short */
    s.chunks[0].length_dw = sizeof ib / 4;
    s.chunks[0].chunk_data = 8;
    assert_int_equal(submit(c.fd, &s, NULL), EFAULT);
    s.chunks[0].chunk_data = (uintptr_t)&ib;
    s.chunks[0].chunk_id = 0;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    s.chunks[0].chunk_id = 0x0b;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    s.chunks[0].chunk_id = AMDGPU_CHUNK_ID_DEPENDENCIES;
    s.chunks[0].length_dw = 0;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* nothing to execute */
    s.ctx = 99;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    args = (union drm_amdgpu_cs){.in = {.ctx_id = c.ctx, .num_chunks = 1, .chunks = 8}};
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_CS, &args), EFAULT);
    client_close(&c);
}

static void number_of_buffers_is_limited(void **state)
{
    struct client c;
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk chunk = {
        .chunk_id = AMDGPU_CHUNK_ID_IB, .length_dw = sizeof ib / 4, .chunk_data = (uintptr_t)&ib};
    uint64_t pointers[200];
    union drm_amdgpu_cs args;

    (void)state;
    client_open(&c);
    ib = IB(&c, AMDGPU_HW_IP_COMPUTE, 0, PM4_NOP);
    for (unsigned i = 0; i < 200; i++)
        pointers[i] = (uintptr_t)&chunk;
    args = (union drm_amdgpu_cs){
        .in = {.ctx_id = c.ctx, .num_chunks = 126, .chunks = (uintptr_t)pointers}};
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_CS, &args), EINVAL);
    args = (union drm_amdgpu_cs){
        .in = {.ctx_id = c.ctx, .num_chunks = 125, .chunks = (uintptr_t)pointers}};
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_CS, &args), 0);
    ib.ip_type = AMDGPU_HW_IP_GFX;
    args = (union drm_amdgpu_cs){
        .in = {.ctx_id = c.ctx, .num_chunks = 193, .chunks = (uintptr_t)pointers}};
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_CS, &args), EINVAL);
    client_close(&c);
}

static void one_preemptible_buffer(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    ib = IB(&c, AMDGPU_HW_IP_GFX, 0, PM4_NOP);
    ib.flags = AMDGPU_IB_FLAG_PREEMPT;
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    assert_int_equal(submit(c.fd, &s, NULL), 0);
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    client_close(&c);
}

/* What the first pass over the chunks finds wrong with a late chunk comes before what the second
 * finds wrong with an early one. */
static void first_pass_comes_first(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_sem unknown = {.handle = 77};
    struct drm_amdgpu_bo_list_entry entry = {.bo_handle = 77};
    struct drm_amdgpu_bo_list_in bos = {
        .bo_number = 1, .bo_info_size = sizeof entry, .bo_info_ptr = (uintptr_t)&entry};

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    ib = IB(&c, AMDGPU_HW_IP_GFX, 0, PM4_NOP);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_OUT, &unknown, sizeof unknown); /* EINVAL, pass 2 */
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_BO_HANDLES, &bos, sizeof bos); /* ENOENT, pass 1 */
    assert_int_equal(submit(c.fd, &s, NULL), ENOENT);
    s.count = 2;
    s.list = 55; /* ENOENT, but only after the chunks */
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    s.chunks[0].chunk_id = AMDGPU_CHUNK_ID_SYNCOBJ_IN;
    assert_int_equal(submit(c.fd, &s, NULL), ENOENT);
    client_close(&c);
}

static void buffers_by_list_or_by_chunk(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_bo_list_entry entry;
    struct drm_amdgpu_bo_list_in bos = {
        .bo_number = 1, .bo_info_size = sizeof entry, .bo_info_ptr = (uintptr_t)&entry};
    union drm_amdgpu_bo_list list = {.in = {.operation = AMDGPU_BO_LIST_OP_CREATE,
                                            .bo_number = 1,
                                            .bo_info_size = sizeof entry,
                                            .bo_info_ptr = (uintptr_t)&entry}};

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    entry = (struct drm_amdgpu_bo_list_entry){.bo_handle = c.bo};
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_BO_LIST, &list), 0);
    ib = IB(&c, AMDGPU_HW_IP_GFX, 0, PM4_NOP);
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    s.list = list.out.list_handle;
    assert_int_equal(submit(c.fd, &s, NULL), 0);
    chunk_add(&s, AMDGPU_CHUNK_ID_BO_HANDLES, &bos, sizeof bos);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* both */
    s.list = 0;
    assert_int_equal(submit(c.fd, &s, NULL), 0);
    chunk_add(&s, AMDGPU_CHUNK_ID_BO_HANDLES, &bos, sizeof bos);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* twice */
    s.count = 1;
    s.list = 55;
    assert_int_equal(submit(c.fd, &s, NULL), ENOENT);
    client_close(&c);
}

static void user_fences(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_fence fence = {.handle = 99};
    volatile uint64_t *page;
    uint64_t sequence;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    ib = IB(&c, AMDGPU_HW_IP_COMPUTE, 1, PM4_WAIT(word_va(&c, 0), 1));
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_FENCE, &fence, sizeof fence);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* unknown */
    fence.handle = c.bo;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* more than a page */
    fence.handle = gem_create(c.fd, 4096, AMDGPU_GEM_DOMAIN_GTT);
    fence.offset = 4096 - 4;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* beyond its end */
    fence.offset = 4096 - 8;
    page = bo_map(c.fd, fence.handle, 4096);
    assert_int_equal(submit(c.fd, &s, &sequence), 0);
    assert_busy(&c, AMDGPU_HW_IP_COMPUTE, 1, sequence);
    assert_int_equal(page[511], 0);
    c.memory[0] = 1;
    assert_done(&c, AMDGPU_HW_IP_COMPUTE, 1, sequence);
    assert_int_equal(page[511], sequence);
    chunk_add(&s, AMDGPU_CHUNK_ID_FENCE, &fence, sizeof fence);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* two */
    munmap((void *)page, 4096);
    client_close(&c);
}

static void shadow_memory_is_accepted_and_ignored(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_uapi_cs_chunk_cp_gfx_shadow shadow = {.flags = DRM_UAPI_CP_GFX_SHADOW_INIT};

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    ib = IB(&c, AMDGPU_HW_IP_GFX, 0, PM4_NOP);
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, DRM_UAPI_CHUNK_CP_GFX_SHADOW, &shadow, sizeof shadow);
    assert_int_equal(submit(c.fd, &s, NULL), drm_minor() >= 53 ? 0 : EINVAL);
    shadow.flags = 2;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    s.chunks[1].length_dw--;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    client_close(&c);
}

/* Mappings that were delayed take effect with a submission. */
static void delayed_mappings_take_effect(void **state)
{
    const uint64_t va = MEMORY_VA + MEMORY_BYTES;
    struct client c;
    uint64_t sequence;
    uint32_t bo;
    volatile uint32_t *memory;

    (void)state;
    client_open(&c);
    bo = gem_create(c.fd, 4096, AMDGPU_GEM_DOMAIN_VRAM);
    assert_int_equal(
        gem_va(c.fd, AMDGPU_VA_OP_MAP, bo, va, 0, 4096, VA_RW | AMDGPU_VM_DELAY_UPDATE), 0);
    assert_int_equal(submit_ib(&c, IB(&c, AMDGPU_HW_IP_DMA, 0, SDMA_WRITE(va, 42)), &sequence), 0);
    assert_done(&c, AMDGPU_HW_IP_DMA, 0, sequence);
    memory = bo_map(c.fd, bo, 4096);
    assert_int_equal(memory[0], 42);
    munmap((void *)memory, 4096);
    client_close(&c);
}

/* What a job uses is not unmapped under it. */
static void unmapping_waits_for_jobs(void **state)
{
    struct client c;
    uint64_t sequence;
    const uint64_t va = MEMORY_VA + MEMORY_BYTES;
    uint32_t bo;

    (void)state;
    client_open(&c);
    bo = gem_create(c.fd, 2 * MIB, AMDGPU_GEM_DOMAIN_VRAM);
    assert_int_equal(gem_va(c.fd, AMDGPU_VA_OP_MAP, bo, va, 0, 2 * MIB, VA_RW), 0);
    for (unsigned i = 0; i < 50; i++) {
        struct drm_amdgpu_cs_chunk_ib ib =
            IB(&c, AMDGPU_HW_IP_DMA, 0, 11, LO(va), HI(va), i, 2 * MIB - 4, SDMA_WRITE(va, i));

        assert_int_equal(submit_ib(&c, ib, &sequence), 0);
    }
    assert_int_equal(gem_close(c.fd, bo), 0);
    assert_done(&c, AMDGPU_HW_IP_DMA, 0, sequence); /* would have faulted */
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ring_executes),
        cmocka_unit_test(several_buffers_run_in_order),
        cmocka_unit_test(bad_names_of_engines),
        cmocka_unit_test(bad_chunks),
        cmocka_unit_test(number_of_buffers_is_limited),
        cmocka_unit_test(one_preemptible_buffer),
        cmocka_unit_test(first_pass_comes_first),
        cmocka_unit_test(buffers_by_list_or_by_chunk),
        cmocka_unit_test(user_fences),
        cmocka_unit_test(shadow_memory_is_accepted_and_ignored),
        cmocka_unit_test(delayed_mappings_take_effect),
        cmocka_unit_test(unmapping_waits_for_jobs),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
