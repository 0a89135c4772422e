/* SPDX-License-Identifier: MIT
 *
 * In which order submissions run, and how their ends are waited for and passed on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/dma-buf.h>
#include <poll.h>

#include "softgpu/front/drm/drm_table.h"
#include "tests/contract/drm/support.h"

#define GFX        AMDGPU_HW_IP_GFX
#define COMPUTE    AMDGPU_HW_IP_COMPUTE
#define DMA        AMDGPU_HW_IP_DMA

#define MINOR_GANG 49 /* before, all of a submission is for one ring */

/* A job that waits until word 0 is `value`. */
static uint64_t gate(struct client *c, unsigned ip, unsigned ring, uint32_t value)
{
    uint64_t sequence;

    assert_int_equal(submit_ib(c, IB(c, ip, ring, PM4_WAIT(word_va(c, 0), value)), &sequence), 0);
    return sequence;
}

static void a_ring_runs_in_order_and_rings_side_by_side(void **state)
{
    struct client c;
    uint64_t first, second, other;

    (void)state;
    client_open(&c);
    first = gate(&c, COMPUTE, 0, 1);
    assert_int_equal(submit_ib(&c, IB(&c, COMPUTE, 0, PM4_WRITE(word_va(&c, 1), 5)), &second), 0);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_WRITE(word_va(&c, 2), 6)), &other), 0);
    assert_done(&c, GFX, 0, other);
    assert_int_equal(c.memory[2], 6);
    assert_busy(&c, COMPUTE, 0, first);
    assert_busy(&c, COMPUTE, 0, second);
    assert_int_equal(c.memory[1], 0);
    c.memory[0] = 1;
    assert_done(&c, COMPUTE, 0, second);
    assert_int_equal(c.memory[1], 5);
    assert_done(&c, COMPUTE, 0, first);
    client_close(&c);
}

static void dependencies(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_dep dep;
    uint64_t first, second;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    first = gate(&c, COMPUTE, 0, 1);
    ib = IB(&c, DMA, 0, SDMA_WRITE(word_va(&c, 1), 5));
    dep = (struct drm_amdgpu_cs_chunk_dep){.ip_type = COMPUTE, .ctx_id = c.ctx, .handle = first};
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_DEPENDENCIES, &dep, sizeof dep);
    assert_int_equal(submit(c.fd, &s, &second), 0);
    assert_busy(&c, DMA, 0, second);
    c.memory[0] = 1;
    assert_done(&c, DMA, 0, second);
    assert_int_equal(c.memory[1], 5);
    dep.handle = first + 1; /* not submitted yet */
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    dep.handle = first;
    dep.ctx_id = 99;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    client_close(&c);
}

/* Such a one is there when the job it names has started. */
static void scheduled_dependencies(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_dep dep;
    uint64_t first, behind, second;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    first = gate(&c, COMPUTE, 0, 1);
    behind = gate(&c, COMPUTE, 0, 1);
    ib = IB(&c, DMA, 0, SDMA_WRITE(word_va(&c, 1), 5));
    dep = (struct drm_amdgpu_cs_chunk_dep){.ip_type = COMPUTE, .ctx_id = c.ctx, .handle = first};
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_SCHEDULED_DEPENDENCIES, &dep, sizeof dep);
    assert_int_equal(submit(c.fd, &s, &second), 0);
    assert_done(&c, DMA, 0, second);
    assert_busy(&c, COMPUTE, 0, first);
    dep.handle = behind; /* has not started */
    assert_int_equal(submit(c.fd, &s, &second), 0);
    assert_busy(&c, DMA, 0, second);
    c.memory[0] = 1;
    assert_done(&c, DMA, 0, second);
    client_close(&c);
}

static void syncobjs(void **state)
{
    struct client c;
    struct submission s = {0}, t = {0};
    struct drm_amdgpu_cs_chunk_ib gated, ib;
    struct drm_amdgpu_cs_chunk_sem sem;
    uint64_t sequence;

    (void)state;
    client_open(&c);
    s.ctx = t.ctx = c.ctx;
    sem.handle = syncobj_new(c.fd);
    gated = IB(&c, COMPUTE, 0, PM4_WAIT(word_va(&c, 0), 1));
    ib = IB(&c, GFX, 0, PM4_WRITE(word_va(&c, 1), 5));
    chunk_add(&t, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&t, AMDGPU_CHUNK_ID_SYNCOBJ_IN, &sem, sizeof sem);
    assert_int_equal(submit(c.fd, &t, NULL), EINVAL); /* nothing was submitted to it */
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &gated, sizeof gated);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_OUT, &sem, sizeof sem);
    assert_int_equal(submit(c.fd, &s, NULL), 0);
    assert_int_equal(submit(c.fd, &t, &sequence), 0);
    assert_busy(&c, GFX, 0, sequence);
    assert_int_equal(syncobj_wait(c.fd, sem.handle, 1), ETIME);
    c.memory[0] = 1;
    assert_done(&c, GFX, 0, sequence);
    assert_int_equal(c.memory[1], 5);
    assert_int_equal(syncobj_wait(c.fd, sem.handle, 0), 0);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_OUT, &sem, sizeof sem);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* two chunks of them */
    client_close(&c);
}

static void timelines(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_syncobj in, out;
    uint32_t handle;
    uint64_t point = 3, sequence;
    struct drm_syncobj_timeline_array signal;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    handle = syncobj_new(c.fd);
    in = (struct drm_amdgpu_cs_chunk_syncobj){.handle = handle, .point = 3};
    out = (struct drm_amdgpu_cs_chunk_syncobj){.handle = handle, .point = 7};
    ib = IB(&c, GFX, 0, PM4_WRITE(word_va(&c, 1), 5));
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_SIGNAL, &out, sizeof out);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_WAIT, &in, sizeof in);
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL); /* point 3 is not there */
    signal = (struct drm_syncobj_timeline_array){
        .handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1};
    assert_int_equal(call(c.fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &signal), 0);
    assert_int_equal(submit(c.fd, &s, &sequence), 0);
    assert_done(&c, GFX, 0, sequence);
    point = 0;
    assert_int_equal(call(c.fd, DRM_IOCTL_SYNCOBJ_QUERY, &signal), 0);
    assert_int_equal(point, 7);
    in.flags = 0x80;
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    client_close(&c);
}

static void waiting_for_several(void **state)
{
    struct client c;
    struct drm_amdgpu_fence names[2];
    union drm_amdgpu_wait_fences args;
    uint64_t slow, fast;

    (void)state;
    client_open(&c);
    slow = gate(&c, COMPUTE, 0, 1);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_NOP), &fast), 0);
    names[0] = (struct drm_amdgpu_fence){.ctx_id = c.ctx, .ip_type = COMPUTE, .seq_no = slow};
    names[1] = (struct drm_amdgpu_fence){.ctx_id = c.ctx, .ip_type = GFX, .seq_no = fast};
#define WAIT(all_, timeout_)                                                                       \
    args = (union drm_amdgpu_wait_fences){.in = {.fences = (uintptr_t)names,                       \
                                                 .fence_count = 2,                                 \
                                                 .wait_all = all_,                                 \
                                                 .timeout_ns = timeout_}};                         \
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, &args), 0)
    WAIT(0, FOREVER);
    assert_int_equal(args.out.status, 1);
    assert_int_equal(args.out.first_signaled, 1);
    WAIT(1, IN_MS(5));
    assert_int_equal(args.out.status, 0);
    c.memory[0] = 1;
    WAIT(1, FOREVER);
    assert_int_equal(args.out.status, 1);
#undef WAIT
    client_close(&c);
}

static uint32_t to_handle(struct client *c, uint64_t sequence, uint32_t what)
{
    union drm_amdgpu_fence_to_handle args = {
        .in = {.fence = {.ctx_id = c->ctx, .ip_type = COMPUTE, .seq_no = sequence}, .what = what}};

    assert_int_equal(call(c->fd, DRM_IOCTL_AMDGPU_FENCE_TO_HANDLE, &args), 0);
    return args.out.handle;
}

/* Sends lines of the log to a file, and stderr back where it was. */
struct quiet {
    int file, stderr_fd;
};

static struct quiet quiet_begin(void)
{
    struct quiet q = {memfd_create("log", MFD_CLOEXEC), fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};

    assert_true(q.file >= 0 && q.stderr_fd >= 0);
    dup2(q.file, STDERR_FILENO);
    rw_log_configure("warn");
    return q;
}

static off_t quiet_end(const struct quiet *q)
{
    off_t length = lseek(q->file, 0, SEEK_END);

    rw_log_configure("error");
    dup2(q->stderr_fd, STDERR_FILENO);
    close(q->stderr_fd);
    close(q->file);
    return length;
}

/* Who has closed its descriptor is told nothing; a call that is under way keeps the file alive. */
static void a_sync_file_may_be_closed_before_its_signal(void **state)
{
    struct client c;
    uint64_t sequence;
    struct node *in_a_call;
    struct quiet q;
    int fd;

    (void)state;
    client_open(&c);
    sequence = gate(&c, COMPUTE, 0, 1);
    fd = (int)to_handle(&c, sequence, AMDGPU_FENCE_TO_HANDLE_GET_SYNC_FILE_FD);
    in_a_call = node_get_by_fd(fd);
    close(fd);
    node_settle();
    q = quiet_begin();
    c.memory[0] = 1;
    assert_done(&c, COMPUTE, 0, sequence);
    assert_int_equal(quiet_end(&q), 0);
    node_put(in_a_call);
    client_close(&c);
}

static void fences_as_handles(void **state)
{
    struct client c;
    uint64_t sequence;
    union drm_amdgpu_fence_to_handle bad;
    struct pollfd waiter = {.events = POLLIN};
    uint32_t handle;

    (void)state;
    client_open(&c);
    sequence = gate(&c, COMPUTE, 0, 1);
    handle = to_handle(&c, sequence, AMDGPU_FENCE_TO_HANDLE_GET_SYNCOBJ);
    waiter.fd = (int)to_handle(&c, sequence, AMDGPU_FENCE_TO_HANDLE_GET_SYNC_FILE_FD);
    assert_int_equal(syncobj_wait(c.fd, handle, 1), ETIME);
    assert_int_equal(poll(&waiter, 1, 1), 0);
    c.memory[0] = 1;
    assert_int_equal(poll(&waiter, 1, -1), 1);
    assert_int_equal(syncobj_wait(c.fd, handle, 10000), 0);
    close(waiter.fd);
    close((int)to_handle(&c, sequence, AMDGPU_FENCE_TO_HANDLE_GET_SYNCOBJ_FD));
    bad = (union drm_amdgpu_fence_to_handle){
        .in = {.fence = {.ctx_id = c.ctx, .ip_type = COMPUTE, .seq_no = sequence}, .what = 9}};
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_FENCE_TO_HANDLE, &bad), EINVAL);
    client_close(&c);
}

/* ---- buffers ---- */

static uint32_t share(int from, uint32_t handle, int to)
{
    struct drm_prime_handle args = {.handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR};
    int fd;

    assert_int_equal(call(from, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args), 0);
    fd = args.fd;
    assert_int_equal(call(to, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args), 0);
    close(fd);
    return args.handle;
}

static uint64_t submit_with_bo(struct client *c, struct drm_amdgpu_cs_chunk_ib ib, uint32_t bo)
{
    struct submission s = {.ctx = c->ctx};
    struct drm_amdgpu_bo_list_entry entry = {.bo_handle = bo};
    struct drm_amdgpu_bo_list_in bos = {
        .bo_number = 1, .bo_info_size = sizeof entry, .bo_info_ptr = (uintptr_t)&entry};
    uint64_t sequence;

    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_BO_HANDLES, &bos, sizeof bos);
    assert_int_equal(submit(c->fd, &s, &sequence), 0);
    return sequence;
}

/* `flags`: of the buffer that two VMs share. Does the second VM's job wait for the first's? One
 * that need not has all the time a busy machine takes. */
static void check_implicit_sync(uint64_t flags, bool waits)
{
    struct client a, b;
    uint64_t first, second;
    uint32_t bo_a, bo_b;
    bool busy;

    client_open(&a);
    client_open(&b);
    assert_int_equal(gem_create_err(a.fd, 4096, AMDGPU_GEM_DOMAIN_GTT, flags, &bo_a), 0);
    bo_b = share(a.fd, bo_a, b.fd);
    first = submit_with_bo(&a, IB(&a, COMPUTE, 0, PM4_WAIT(word_va(&a, 0), 1)), bo_a);
    second = submit_with_bo(&b, IB(&b, GFX, 0, PM4_NOP), bo_b);
    assert_int_equal(wait_cs(b.fd, b.ctx, GFX, 0, second, waits ? IN_MS(20) : FOREVER, &busy), 0);
    assert_int_equal(busy, waits);
    assert_busy(&a, COMPUTE, 0, first);
    a.memory[0] = 1;
    assert_done(&a, COMPUTE, 0, first);
    assert_done(&b, GFX, 0, second);
    client_close(&a);
    client_close(&b);
}

static void implicit_sync_and_its_opt_out(void **state)
{
    (void)state;
    check_implicit_sync(0, true);
    check_implicit_sync(AMDGPU_GEM_CREATE_EXPLICIT_SYNC, false);
}

static uint32_t idle_status(int fd, uint32_t bo, uint64_t timeout)
{
    union drm_amdgpu_gem_wait_idle args = {.in = {.handle = bo, .timeout = timeout}};

    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_WAIT_IDLE, &args), 0);
    return args.out.status;
}

/* dma-bufs' sync files: out of one object and into another. */
static void fences_of_dma_bufs(void **state)
{
    struct drm_prime_handle prime = {.flags = DRM_CLOEXEC | DRM_RDWR};
    struct dma_buf_export_sync_file out = {.flags = DMA_BUF_SYNC_RW};
    struct dma_buf_import_sync_file in = {.flags = DMA_BUF_SYNC_WRITE};
    struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE};
    struct client a, b;
    struct pollfd waiter = {.events = POLLIN};
    uint32_t busy_bo, bo;
    uint64_t first, second;

    (void)state;
    if (drm_minor() < DRM_MINOR_6_0)
        skip(); /* dma-bufs neither give nor take fences */
    client_open(&a);
    client_open(&b);
    busy_bo = gem_create(a.fd, 4096, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(
        gem_create_err(b.fd, 4096, AMDGPU_GEM_DOMAIN_GTT, AMDGPU_GEM_CREATE_EXPLICIT_SYNC, &bo), 0);
    first = submit_with_bo(&a, IB(&a, COMPUTE, 0, PM4_WAIT(word_va(&a, 0), 1)), busy_bo);
    prime.handle = busy_bo;
    assert_int_equal(call(a.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
    assert_int_equal(call(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), 0);
    in.fd = waiter.fd = out.fd;
    assert_int_equal(poll(&waiter, 1, 1), 0);
    prime.handle = bo;
    close(prime.fd);
    assert_int_equal(call(b.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
    assert_int_equal(call(prime.fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in), 0);
    assert_int_equal(idle_status(b.fd, bo, IN_MS(5)), 1);
    second = submit_with_bo(&b, IB(&b, GFX, 0, PM4_NOP), bo);
    assert_done(&b, GFX, 0, second); /* jobs do not count for explicit synchronisation */
    a.memory[0] = 1;
    assert_int_equal(call(prime.fd, DMA_BUF_IOCTL_SYNC, &sync), 0); /* waits */
    assert_done(&a, COMPUTE, 0, first);
    assert_int_equal(poll(&waiter, 1, -1), 1);
    assert_int_equal(idle_status(b.fd, bo, 0), 0);
    close(out.fd);
    close(prime.fd);
    client_close(&a);
    client_close(&b);
}

/* A VM's own jobs are not ordered by the buffers they list. */
static void own_jobs_are_not_synchronised(void **state)
{
    struct client c;
    uint64_t first, second;

    (void)state;
    client_open(&c);
    first = submit_with_bo(&c, IB(&c, COMPUTE, 0, PM4_WAIT(word_va(&c, 0), 1)), c.bo);
    second = submit_with_bo(&c, IB(&c, GFX, 0, PM4_NOP), c.bo);
    assert_done(&c, GFX, 0, second);
    assert_busy(&c, COMPUTE, 0, first);
    c.memory[0] = 1;
    assert_done(&c, COMPUTE, 0, first);
    client_close(&c);
}

static void waiting_for_a_buffer(void **state)
{
    struct client c;
    uint32_t listed, always, other;

    (void)state;
    client_open(&c);
    listed = gem_create(c.fd, 4096, AMDGPU_GEM_DOMAIN_GTT);
    other = gem_create(c.fd, 4096, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(gem_create_err(c.fd, 4096, AMDGPU_GEM_DOMAIN_VRAM,
                                    AMDGPU_GEM_CREATE_VM_ALWAYS_VALID, &always),
                     0);
    submit_with_bo(&c, IB(&c, COMPUTE, 0, PM4_WAIT(word_va(&c, 0), 1)), listed);
    assert_int_equal(idle_status(c.fd, other, FOREVER), 0);
    assert_int_equal(idle_status(c.fd, listed, 0), 1);
    assert_int_equal(idle_status(c.fd, listed, IN_MS(5)), 1);
    assert_int_equal(idle_status(c.fd, always, IN_MS(5)), 1); /* is in every job of the VM */
    c.memory[0] = 1;
    assert_int_equal(idle_status(c.fd, listed, FOREVER), 0);
    assert_int_equal(idle_status(c.fd, always, FOREVER), 0);
    client_close(&c);
}

/* ---- gangs ---- */

/* Two members that wait for each other. */
static void gangs_run_side_by_side(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib a, b;
    uint64_t sequence;

    (void)state;
    if (drm_minor() < MINOR_GANG)
        skip(); /* a gang has one member: below */
    client_open(&c);
    s.ctx = c.ctx;
    for (unsigned i = 1; i <= 20; i++) {
        a = IB(&c, COMPUTE, 0, PM4_WRITE(word_va(&c, 1), i), PM4_WAIT(word_va(&c, 2), i));
        b = IB(&c, GFX, 0, PM4_WRITE(word_va(&c, 2), i), PM4_WAIT(word_va(&c, 1), i));
        s.count = 0;
        chunk_add(&s, AMDGPU_CHUNK_ID_IB, i % 2 ? &a : &b, sizeof a);
        chunk_add(&s, AMDGPU_CHUNK_ID_IB, i % 2 ? &b : &a, sizeof a);
        assert_int_equal(submit(c.fd, &s, &sequence), 0);
        assert_done(&c, i % 2 ? GFX : COMPUTE, 0, sequence); /* the last one named leads */
    }
    client_close(&c);
}

static void a_gang_has_four_members(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ibs[5];
    uint64_t sequence;

    (void)state;
    client_open(&c);
    s.ctx = c.ctx;
    for (unsigned i = 0; i < 5; i++) {
        ibs[i] = i < 4 ? IB(&c, COMPUTE, i, PM4_NOP) : IB(&c, GFX, 0, PM4_NOP);
        chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ibs[i], sizeof ibs[i]);
    }
    assert_int_equal(submit(c.fd, &s, NULL), EINVAL);
    s.count = 4;
    assert_int_equal(submit(c.fd, &s, &sequence), drm_minor() >= MINOR_GANG ? 0 : EINVAL);
    if (drm_minor() >= MINOR_GANG)
        assert_done(&c, COMPUTE, 3, sequence);
    s.count = 1;
    assert_int_equal(submit(c.fd, &s, &sequence), 0);
    client_close(&c);
}

/* ---- ends ---- */

static void a_file_may_be_closed_with_jobs_waiting(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_sem sem;
    struct client other;
    struct drm_syncobj_handle pass = {0};

    (void)state;
    client_open(&c);
    client_open(&other);
    s.ctx = c.ctx;
    gate(&c, COMPUTE, 0, 1);
    ib = IB(&c, COMPUTE, 0, PM4_NOP);
    sem.handle = syncobj_new(c.fd);
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_OUT, &sem, sizeof sem);
    assert_int_equal(submit(c.fd, &s, NULL), 0);
    pass.handle = sem.handle;
    assert_int_equal(call(c.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &pass), 0);
    assert_int_equal(call(other.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &pass), 0);
    close(pass.fd);
    ctx_free(c.fd, c.ctx);
    c.memory[0] = 1;
    client_close(&c);
    assert_int_equal(syncobj_wait(other.fd, pass.handle, 10000), 0);
    client_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_runs_in_order_and_rings_side_by_side),
        cmocka_unit_test(dependencies),
        cmocka_unit_test(scheduled_dependencies),
        cmocka_unit_test(syncobjs),
        cmocka_unit_test(timelines),
        cmocka_unit_test(waiting_for_several),
        cmocka_unit_test(fences_as_handles),
        cmocka_unit_test(a_sync_file_may_be_closed_before_its_signal),
        cmocka_unit_test(implicit_sync_and_its_opt_out),
        cmocka_unit_test(fences_of_dma_bufs),
        cmocka_unit_test(own_jobs_are_not_synchronised),
        cmocka_unit_test(waiting_for_a_buffer),
        cmocka_unit_test(gangs_run_side_by_side),
        cmocka_unit_test(a_gang_has_four_members),
        cmocka_unit_test(a_file_may_be_closed_with_jobs_waiting),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
