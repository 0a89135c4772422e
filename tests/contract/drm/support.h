/* SPDX-License-Identifier: MIT
 *
 * A render node with a context and a page of memory that both sides see, and submissions made of
 * chunks. Include cmocka.h before.
 */
#ifndef TESTS_CONTRACT_DRM_SUPPORT_H
#define TESTS_CONTRACT_DRM_SUPPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/front/drm/fixture.h"

#define LO(x) (uint32_t)(x)
#define HI(x) (uint32_t)((uint64_t)(x) >> 32)

enum {
    CHUNKS = 16,
    MEMORY_BYTES = 1 << 20,
    IB_BYTES = 4096, /* of one indirect buffer, in the memory's upper half */
    IB_DWORDS = IB_BYTES / 4,
};
#define MEMORY_VA UINT64_C(0x100000000)

/* ---- a client ---- */

struct client {
    int fd;
    uint32_t ctx, bo;
    uint64_t va;
    volatile uint32_t *memory; /* the BO at `va` */
    atomic_uint next_ib;
};

/* amdgpu 3.x of the kernel profile. */
static inline unsigned drm_minor(void)
{
    return test_machine->kernel->drm_minor;
}

static inline uint32_t ctx_new(int fd)
{
    union drm_amdgpu_ctx args = {.in.op = AMDGPU_CTX_OP_ALLOC_CTX};

    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_CTX, &args), 0);
    return args.out.alloc.ctx_id;
}

static inline void ctx_free(int fd, uint32_t id)
{
    union drm_amdgpu_ctx args = {.in = {.op = AMDGPU_CTX_OP_FREE_CTX, .ctx_id = id}};

    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_CTX, &args), 0);
}

static inline void *bo_map(int fd, uint32_t handle, size_t size)
{
    union drm_amdgpu_gem_mmap args = {.in.handle = handle};
    void *at = NULL;

    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), 0);
    assert_int_equal(map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, args.out.addr_ptr, &at), 0);
    return at;
}

static inline void client_open(struct client *c)
{
    *c = (struct client){.fd = render_node(), .va = MEMORY_VA};
    c->ctx = ctx_new(c->fd);
    c->bo = gem_create(c->fd, MEMORY_BYTES, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(gem_va(c->fd, AMDGPU_VA_OP_MAP, c->bo, c->va, 0, MEMORY_BYTES,
                            VA_RW | AMDGPU_VM_PAGE_EXECUTABLE),
                     0);
    c->memory = bo_map(c->fd, c->bo, MEMORY_BYTES);
}

static inline void client_close(struct client *c)
{
    mem_cpu_munmap((void *)c->memory, MEMORY_BYTES);
    node_close(c->fd);
}

static inline uint64_t word_va(const struct client *c, unsigned word)
{
    return c->va + word * 4;
}

/* ---- indirect buffers ---- */

static inline uint32_t pm4(unsigned opcode, unsigned dwords)
{
    return 3u << 30 | (dwords - 2) << 16 | opcode << 8; /* `dwords` with the header */
}

#define PM4_WRITE(va, value) pm4(0x37, 5), 5 << 8 | 1 << 20, LO(va), HI(va), (value)
/* Waits until the word is the value. */
#define PM4_WAIT(va, value)   pm4(0x3c, 7), 3 | 1 << 4, LO(va), HI(va), (value), UINT32_MAX, 4
#define PM4_NOP               0xffff1000u
#define SDMA_WRITE(va, value) 2, LO(va), HI(va), 0, (value)
#define SDMA_WAIT(va, value)  8 | 3u << 28 | 1u << 31, LO(va), HI(va), (value), UINT32_MAX, 4

enum { IB_SLOTS = MEMORY_BYTES / 2 / IB_BYTES };

static inline struct drm_amdgpu_cs_chunk_ib ib_make_in(struct client *c, unsigned slot, unsigned ip,
                                                       unsigned ring, const uint32_t *dwords,
                                                       unsigned count)
{
    unsigned at = MEMORY_BYTES / 2 + slot * IB_BYTES;

    assert_true(slot < IB_SLOTS && count <= IB_DWORDS);
    memcpy((uint8_t *)c->memory + at, dwords, count * sizeof *dwords);
    return (struct drm_amdgpu_cs_chunk_ib){
        .va_start = c->va + at, .ib_bytes = count * 4, .ip_type = ip, .ring = ring};
}

/* In the next slot; the first comes again when all have been used. */
static inline struct drm_amdgpu_cs_chunk_ib ib_make(struct client *c, unsigned ip, unsigned ring,
                                                    const uint32_t *dwords, unsigned count)
{
    return ib_make_in(c, atomic_fetch_add(&c->next_ib, 1) % IB_SLOTS, ip, ring, dwords, count);
}

#define IB(c, ip, ring, ...)                                                                       \
    ib_make(c, ip, ring, (const uint32_t[]){__VA_ARGS__},                                          \
            sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* ---- submissions ---- */

struct submission {
    uint32_t ctx, list;
    unsigned count;
    struct drm_amdgpu_cs_chunk chunks[CHUNKS];
};

/* The data stays the caller's until the submission is made. */
static inline void chunk_add(struct submission *s, uint32_t id, const void *data, size_t bytes)
{
    assert_true(s->count < CHUNKS);
    s->chunks[s->count++] = (struct drm_amdgpu_cs_chunk){
        .chunk_id = id, .length_dw = (uint32_t)(bytes / 4), .chunk_data = (uintptr_t)data};
}

static inline int submit(int fd, const struct submission *s, uint64_t *out_sequence)
{
    uint64_t pointers[CHUNKS];
    union drm_amdgpu_cs args = {.in = {.ctx_id = s->ctx,
                                       .bo_list_handle = s->list,
                                       .num_chunks = s->count,
                                       .chunks = (uintptr_t)pointers}};
    int err;

    for (unsigned i = 0; i < s->count; i++)
        pointers[i] = (uintptr_t)&s->chunks[i];
    err = call(fd, DRM_IOCTL_AMDGPU_CS, &args);
    if (out_sequence)
        *out_sequence = err ? 0 : args.out.handle;
    return err;
}

/* One indirect buffer alone, in the client's context. */
static inline int submit_ib(struct client *c, struct drm_amdgpu_cs_chunk_ib ib,
                            uint64_t *out_sequence)
{
    struct submission s = {.ctx = c->ctx};

    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    return submit(c->fd, &s, out_sequence);
}

/* ---- waiting ---- */

static inline uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000l}, NULL);
}

#define FOREVER   UINT64_MAX
#define IN_MS(ms) (now_ns() + (ms)*UINT64_C(1000000))

/* WAIT_CS: an errno number, and whether time ran out. */
static inline int wait_cs(int fd, uint32_t ctx, unsigned ip, unsigned ring, uint64_t sequence,
                          uint64_t timeout, bool *out_busy)
{
    union drm_amdgpu_wait_cs args = {
        .in = {.handle = sequence, .timeout = timeout, .ip_type = ip, .ring = ring, .ctx_id = ctx}};
    int err = call(fd, DRM_IOCTL_AMDGPU_WAIT_CS, &args);

    *out_busy = !err && args.out.status;
    return err;
}

static inline void assert_done(struct client *c, unsigned ip, unsigned ring, uint64_t sequence)
{
    bool busy;

    assert_int_equal(wait_cs(c->fd, c->ctx, ip, ring, sequence, FOREVER, &busy), 0);
    assert_false(busy);
}

static inline void assert_busy(struct client *c, unsigned ip, unsigned ring, uint64_t sequence)
{
    bool busy;

    assert_int_equal(wait_cs(c->fd, c->ctx, ip, ring, sequence, IN_MS(5), &busy), 0);
    assert_true(busy);
}

/* ---- syncobjs ---- */

static inline uint32_t syncobj_new(int fd)
{
    struct drm_syncobj_create args = {0};

    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0);
    return args.handle;
}

/* Within `ms`? An errno number, ETIME. */
static inline int syncobj_wait(int fd, uint32_t handle, unsigned ms)
{
    struct drm_uapi_syncobj_wait args = {
        .handles = (uintptr_t)&handle, .count_handles = 1, .timeout_nsec = (int64_t)IN_MS(ms)};

    return call(fd, DRM_UAPI_IOCTL_SYNCOBJ_WAIT, &args);
}

#endif
