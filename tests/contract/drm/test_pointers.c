/* SPDX-License-Identifier: MIT
 *
 * Bad pointers: every ioctl of the table with an argument that is not there, and every pointer
 * inside of an argument. The answer is EFAULT, and what works goes on working.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/dma-buf.h>
#include <linux/sync_file.h>

#include "softgpu/front/drm/drm_table.h"
#include "tests/contract/bad_memory.h"
#include "tests/contract/drm/support.h"

static const struct ioctl_row *row_of(unsigned nr)
{
    const struct ioctl_row *row = drm_row_find(test_machine->kernel, DRM_IO(nr));

    return row && row->handler ? row : NULL;
}

/* ---- arguments ---- */

static void assert_refused(int fd, const struct ioctl_row *row, uint64_t at)
{
    int err = call(fd, row->request, pointer(at));

    if (err != EFAULT)
        print_error("%s at %#llx: %d\n", row->name, (unsigned long long)at, err);
    assert_int_equal(err, EFAULT);
}

/* On both kinds of nodes: the argument is copied before permission is asked for. */
static void arguments_that_are_not_there(void **state)
{
    int fds[] = {node_of(0, true), node_of(0, false)};

    (void)state;
    for (unsigned i = 0; i < 2 * 256; i++) {
        const struct ioctl_row *row = row_of(i / 2);

        if (!row || !(_IOC_DIR(row->request) & _IOC_WRITE))
            continue;
        for (unsigned k = 0; k < BAD_READS; k++)
            assert_refused(fds[i % 2], row, bad_memory_at(k));
        if (_IOC_SIZE(row->request) > 4)
            assert_refused(fds[i % 2], row, bad.edge);
    }
    node_close(fds[0]);
    node_close(fds[1]);
}

/* Whatever the handler has said. */
static void answers_that_cannot_be_written(void **state)
{
    int fds[] = {node_of(0, true), node_of(0, false)};

    (void)state;
    for (unsigned i = 0; i < 2 * 256; i++) {
        const struct ioctl_row *row = row_of(i / 2);

        if (row && (_IOC_DIR(row->request) & _IOC_READ))
            assert_refused(fds[i % 2], row, bad.read_only);
    }
    node_close(fds[0]);
    node_close(fds[1]);
}

static int lowest_free_fd(void)
{
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

    close(fd);
    return fd;
}

/* A page with the argument, which can be read and not written. */
static void *argument_seal(const void *argument, size_t size)
{
    void *at = pointer(pages_map(1, PROT_READ | PROT_WRITE));

    memcpy(at, argument, size);
    assert_int_equal(mprotect(at, BAD_PAGE, PROT_READ), 0);
    return at;
}

static void assert_no_fd_stays(int fd, unsigned long request, const void *argument, size_t size)
{
    void *sealed = argument_seal(argument, size);
    int lowest = lowest_free_fd();

    assert_int_equal(call(fd, request, sealed), EFAULT);
    assert_int_equal(lowest_free_fd(), lowest);
    munmap(sealed, BAD_PAGE);
}

/* Sync files are given a number for good when the answer has been written (dma-buf.c,
 * sync_file.c). */
static void sync_files_nobody_hears_of(void **state)
{
    struct drm_prime_handle prime = {.flags = DRM_CLOEXEC};
    struct dma_buf_export_sync_file out = {.flags = DMA_BUF_SYNC_READ};
    struct sync_merge_data merge = {.name = "both"};
    int fd = render_node();

    (void)state;
    if (drm_minor() < DRM_MINOR_6_0)
        skip(); /* dma-bufs give no fences */
    prime.handle = gem_create(fd, 4096, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
    assert_no_fd_stays(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out, sizeof out);
    assert_int_equal(call(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), 0);
    merge.fd2 = out.fd;
    assert_no_fd_stays(out.fd, SYNC_IOC_MERGE, &merge, sizeof merge);
    close(out.fd);
    close(prime.fd);
    node_close(fd);
}

/* A direction that the request does not name is not copied, so nothing can be wrong with it. */
static void directions_that_are_not_named(void **state)
{
    int fd = render_node();

    (void)state;
    assert_int_equal(call(fd, DRM_IOW(0x0c, struct drm_get_cap), pointer(bad.read_only)),
                     EOPNOTSUPP); /* capability 0 is of displays, and the answer stays here */
    assert_int_equal(call(fd, _IOC(_IOC_NONE, 'd', 0xbf, 8), pointer(bad.none)), 0);
    node_close(fd);
}

/* ---- pointers inside ---- */

#define REFUSES(fd, request, args) assert_int_equal(call(fd, request, &(args)), EFAULT)

static void names_of_the_driver(int fd, uint64_t at)
{
    struct drm_version version = {.name = pointer(at), .name_len = 16};

    REFUSES(fd, DRM_IOCTL_VERSION, version);
    version = (struct drm_version){.desc = pointer(at), .desc_len = 16};
    REFUSES(fd, DRM_IOCTL_VERSION, version);
}

static void arrays_of_syncobjs(int fd, uint64_t at)
{
    uint32_t handle = syncobj_new(fd);
    struct drm_uapi_syncobj_wait wait = {.handles = at, .count_handles = 1};
    struct drm_uapi_syncobj_timeline_wait points = {
        .handles = at, .points = at, .count_handles = 1};
    struct drm_syncobj_array array = {.handles = at, .count_handles = 1};
    struct drm_syncobj_timeline_array timeline = {.handles = at, .points = at, .count_handles = 1};

    REFUSES(fd, DRM_UAPI_IOCTL_SYNCOBJ_WAIT, wait);
    REFUSES(fd, DRM_UAPI_IOCTL_SYNCOBJ_TIMELINE_WAIT, points);
    REFUSES(fd, DRM_IOCTL_SYNCOBJ_RESET, array);
    REFUSES(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, array);
    REFUSES(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, timeline);
    REFUSES(fd, DRM_IOCTL_SYNCOBJ_QUERY, timeline);
    points.handles = timeline.handles = (uintptr_t)&handle;
    REFUSES(fd, DRM_UAPI_IOCTL_SYNCOBJ_TIMELINE_WAIT, points);
    REFUSES(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, timeline);
    REFUSES(fd, DRM_IOCTL_SYNCOBJ_QUERY, timeline);
}

static void lists_of_buffers(struct client *c, uint64_t at)
{
    union drm_amdgpu_bo_list list = {.in = {.operation = AMDGPU_BO_LIST_OP_CREATE,
                                            .bo_number = 2,
                                            .bo_info_size = 8,
                                            .bo_info_ptr = at}};
    union drm_amdgpu_wait_fences fences = {.in = {.fences = at, .fence_count = 1}};
    struct drm_amdgpu_gem_op op = {
        .handle = c->bo, .op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO, .value = at};

    REFUSES(c->fd, DRM_IOCTL_AMDGPU_BO_LIST, list);
    list.in.bo_info_size = 16;
    REFUSES(c->fd, DRM_IOCTL_AMDGPU_BO_LIST, list);
    REFUSES(c->fd, DRM_IOCTL_AMDGPU_WAIT_FENCES, fences);
    REFUSES(c->fd, DRM_IOCTL_AMDGPU_GEM_OP, op);
}

static void chunks(struct client *c, uint64_t at)
{
    struct drm_amdgpu_cs_chunk chunk = {
        .chunk_id = AMDGPU_CHUNK_ID_IB, .length_dw = 8, .chunk_data = at};
    uint64_t pointers[2] = {at, at};
    union drm_amdgpu_cs cs = {.in = {.ctx_id = c->ctx, .num_chunks = 2, .chunks = at}};
    union drm_amdgpu_cs again = cs, data = cs;

    REFUSES(c->fd, DRM_IOCTL_AMDGPU_CS, cs);
    again.in.chunks = data.in.chunks = (uintptr_t)pointers;
    REFUSES(c->fd, DRM_IOCTL_AMDGPU_CS, again);
    pointers[0] = (uintptr_t)&chunk;
    REFUSES(c->fd, DRM_IOCTL_AMDGPU_CS, data);
}

/* The list of buffers that a chunk names is a pointer, too. */
static void handles_in_a_chunk(struct client *c, uint64_t at)
{
    struct drm_amdgpu_cs_chunk_ib ib = IB(c, AMDGPU_HW_IP_GFX, 0, PM4_NOP);
    struct drm_amdgpu_bo_list_in list = {.bo_number = 1, .bo_info_size = 8, .bo_info_ptr = at};
    struct submission s = {.ctx = c->ctx};

    chunk_add(&s, AMDGPU_CHUNK_ID_BO_HANDLES, &list, sizeof list);
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    assert_int_equal(submit(c->fd, &s, NULL), EFAULT);
}

static int info_at(int fd, uint32_t query, uint64_t at)
{
    struct drm_amdgpu_info info = {.query = query, .return_size = 8, .return_pointer = at};

    if (query == AMDGPU_INFO_READ_MMR_REG) {
        info.read_mmr_reg.dword_offset = 0x263e; /* GB_ADDR_CONFIG */
        info.read_mmr_reg.count = 1;
        info.read_mmr_reg.instance = UINT32_MAX;
    }
    return call(fd, DRM_IOCTL_AMDGPU_INFO, &info);
}

/* Whatever has an answer for this GPU cannot give it, the rest is refused as it is. */
static void answers_of_info(int fd, uint64_t at)
{
    unsigned refused = 0;

    for (uint32_t query = 0; query < 0x30; query++) {
        uint64_t answer[8];
        int err = info_at(fd, query, (uintptr_t)answer);

        assert_int_equal(info_at(fd, query, at), err ? err : EFAULT);
        refused += !err;
    }
    assert_true(refused > 10);
}

static void pointers_inside_of_arguments(void **state)
{
    struct client c;

    (void)state;
    client_open(&c);
    for (unsigned i = 0; i < BAD_READS; i++) {
        uint64_t at = bad_memory_at(i);

        names_of_the_driver(c.fd, at);
        arrays_of_syncobjs(c.fd, at);
        lists_of_buffers(&c, at);
        chunks(&c, at);
        handles_in_a_chunk(&c, at);
        answers_of_info(c.fd, at);
    }
    client_close(&c);
}

static void answers_inside_of_arguments(void **state)
{
    struct drm_version version = {.name = pointer(bad.read_only), .name_len = 16};
    struct drm_amdgpu_gem_op op = {.op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO, .value = bad.read_only};
    struct drm_syncobj_timeline_array query = {.count_handles = 1, .points = bad.read_only};
    struct client c;
    uint32_t handle;

    (void)state;
    client_open(&c);
    op.handle = c.bo;
    handle = syncobj_new(c.fd);
    query.handles = (uintptr_t)&handle;
    REFUSES(c.fd, DRM_IOCTL_VERSION, version);
    REFUSES(c.fd, DRM_IOCTL_AMDGPU_GEM_OP, op);
    REFUSES(c.fd, DRM_IOCTL_SYNCOBJ_QUERY, query);
    answers_of_info(c.fd, bad.read_only);
    client_close(&c);
}

static int group_setup(void **state)
{
    return bad_memory_setup(state) || machine_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_that_are_not_there),
        cmocka_unit_test(answers_that_cannot_be_written),
        cmocka_unit_test(sync_files_nobody_hears_of),
        cmocka_unit_test(directions_that_are_not_named),
        cmocka_unit_test(pointers_inside_of_arguments),
        cmocka_unit_test(answers_inside_of_arguments),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, group_setup, bad_memory_teardown);
}
