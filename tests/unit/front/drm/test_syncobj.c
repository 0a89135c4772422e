/* SPDX-License-Identifier: MIT
 *
 * Syncobjs, binary and timeline, and sync files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>

#include "softgpu/front/drm/drm_syncobj.h"
#include "tests/unit/front/drm/fixture.h"

#define ALL       DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL
#define SUBMIT    DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT
#define AVAILABLE DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE

static int64_t in_ms(int ms)
{
    return drm_fence_now() + ms * INT64_C(1000000);
}

static uint32_t create(int fd, uint32_t flags)
{
    struct drm_syncobj_create args = {.flags = flags};

    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0);
    return args.handle;
}

static int array_call(int fd, unsigned long request, const uint32_t *handles, uint32_t count)
{
    struct drm_syncobj_array args = {.handles = (uintptr_t)handles, .count_handles = count};

    return call(fd, request, &args);
}

static int signal_one(int fd, uint32_t handle)
{
    return array_call(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &handle, 1);
}

static int timeline_signal(int fd, uint32_t handle, uint64_t point)
{
    struct drm_syncobj_timeline_array args = {
        .handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1};

    return call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &args);
}

static uint64_t query(int fd, uint32_t handle, uint32_t flags)
{
    uint64_t point = 999;
    struct drm_syncobj_timeline_array args = {.handles = (uintptr_t)&handle,
                                              .points = (uintptr_t)&point,
                                              .count_handles = 1,
                                              .flags = flags};

    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_QUERY, &args), 0);
    return point;
}

static int wait_array(int fd, const uint32_t *handles, uint32_t count, uint32_t flags,
                      int64_t timeout, uint32_t *out_first)
{
    struct drm_uapi_syncobj_wait args = {.handles = (uintptr_t)handles,
                                         .timeout_nsec = timeout,
                                         .count_handles = count,
                                         .flags = flags};
    int err = call(fd, DRM_UAPI_IOCTL_SYNCOBJ_WAIT, &args);

    if (out_first)
        *out_first = args.first_signaled;
    return err;
}

static int wait_point(int fd, uint32_t handle, uint64_t point, uint32_t flags, int64_t timeout)
{
    struct drm_uapi_syncobj_timeline_wait args = {.handles = (uintptr_t)&handle,
                                                  .points = (uintptr_t)&point,
                                                  .timeout_nsec = timeout,
                                                  .count_handles = 1,
                                                  .flags = flags};

    return call(fd, DRM_UAPI_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

/* Puts a fence that is not signalled on a syncobj, as a submission would. */
static struct drm_fence *submit(int fd, uint32_t handle, uint64_t point)
{
    struct node *node = node_get_by_fd(fd);
    struct drm_fpriv *fpriv = node_private(node);
    struct drm_syncobj *syncobj = drm_syncobj_find(fpriv, handle);
    struct drm_fence *fence = drm_fence_create();

    assert_non_null(syncobj);
    if (point)
        assert_true(rw_ok(drm_syncobj_add_point(syncobj, fence, point)));
    else
        drm_syncobj_replace_fence(syncobj, fence);
    drm_syncobj_put(syncobj);
    node_put(node);
    return fence;
}

static void signal_and_put(struct drm_fence *fence, int error)
{
    drm_fence_signal(fence, error);
    drm_fence_put(fence);
}

static void create_and_destroy(void **state)
{
    struct drm_syncobj_create bad = {.flags = 2};
    struct drm_syncobj_destroy args = {.handle = 1, .pad = 1};
    int fd = render_node();

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &bad), EINVAL);
    assert_int_equal(create(fd, 0), 1);
    assert_int_equal(create(fd, DRM_SYNCOBJ_CREATE_SIGNALED), 2);
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args), EINVAL);
    args.pad = 0;
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args), 0);
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args), EINVAL);
    assert_int_equal(create(fd, 0), 1);
    node_close(fd);
}

static void binary_waits(void **state)
{
    int fd = render_node();
    uint32_t h[2] = {create(fd, DRM_SYNCOBJ_CREATE_SIGNALED), create(fd, 0)}, first;

    (void)state;
    assert_int_equal(wait_array(fd, h, 2, 1u << 7, 0, NULL), EINVAL);
    assert_int_equal(wait_array(fd, NULL, 0, 0, 0, NULL), 0);
    assert_int_equal(wait_array(fd, (uint32_t *)8, 1, 0, 0, NULL), EFAULT);
    assert_int_equal(wait_array(fd, &(uint32_t){77}, 1, 0, 0, NULL), ENOENT);
    /* No fence, and no permission to wait for one. */
    assert_int_equal(wait_array(fd, h, 2, 0, in_ms(1000), NULL), EINVAL);
    assert_int_equal(wait_array(fd, h, 1, 0, 0, &first), 0);
    assert_int_equal(first, 0);
    assert_int_equal(wait_array(fd, h, 2, SUBMIT, 0, &first), 0); /* any */
    assert_int_equal(first, 0);
    int64_t start = drm_fence_now();
    assert_int_equal(wait_array(fd, h, 2, SUBMIT | ALL, in_ms(30), NULL), ETIME);
    assert_true(drm_fence_now() - start >= INT64_C(29000000));
    assert_int_equal(wait_array(fd, h, 2, SUBMIT | ALL, 1, NULL), ETIME); /* long past */
    struct drm_fence *fence = submit(fd, h[1], 0);
    assert_int_equal(wait_array(fd, h, 2, ALL, 0, NULL), ETIME);
    signal_and_put(fence, 0);
    assert_int_equal(wait_array(fd, h, 2, ALL, 0, &first), 0);
    assert_int_equal(wait_array(fd, h, 2, ALL | DRM_UAPI_SYNCOBJ_WAIT_DEADLINE, 0, NULL), 0);
    node_close(fd);
}

static void reset_and_signal(void **state)
{
    int fd = render_node();
    uint32_t h[2] = {create(fd, 0), create(fd, DRM_SYNCOBJ_CREATE_SIGNALED)};
    struct drm_syncobj_array padded = {.handles = (uintptr_t)h, .count_handles = 2, .pad = 1};

    (void)state;
    assert_int_equal(array_call(fd, DRM_IOCTL_SYNCOBJ_RESET, h, 0), EINVAL);
    assert_int_equal(array_call(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, h, 0), EINVAL);
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_RESET, &padded), EINVAL);
    assert_int_equal(array_call(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &(uint32_t){9}, 1), ENOENT);
    assert_int_equal(array_call(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, h, 2), 0);
    assert_int_equal(wait_array(fd, h, 2, ALL, 0, NULL), 0);
    assert_int_equal(array_call(fd, DRM_IOCTL_SYNCOBJ_RESET, h, 2), 0);
    assert_int_equal(wait_array(fd, h, 2, 0, 0, NULL), EINVAL);
    node_close(fd);
}

static void timeline(void **state)
{
    int fd = render_node();
    uint32_t h = create(fd, 0);
    struct drm_syncobj_timeline_array bad = {.handles = (uintptr_t)&h, .count_handles = 1};

    (void)state;
    assert_int_equal(query(fd, h, 0), 0);
    assert_int_equal(wait_point(fd, h, 1, 0, 0), EINVAL);
    assert_int_equal(wait_point(fd, h, 1, SUBMIT, 0), ETIME);
    assert_int_equal(timeline_signal(fd, h, 5), 0);
    assert_int_equal(query(fd, h, 0), 5);
    assert_int_equal(wait_point(fd, h, 3, 0, 0), 0);
    assert_int_equal(wait_point(fd, h, 5, 0, 0), 0);
    assert_int_equal(wait_point(fd, h, 6, 0, 0), EINVAL);
    /* Points 10 and 20 are submitted, not signalled. */
    struct drm_fence *ten = submit(fd, h, 10), *twenty = submit(fd, h, 20);
    assert_int_equal(query(fd, h, 0), 5);
    assert_int_equal(query(fd, h, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 20);
    assert_int_equal(wait_point(fd, h, 7, AVAILABLE, 0), 0);
    assert_int_equal(wait_point(fd, h, 21, AVAILABLE, 0), ETIME);
    assert_int_equal(wait_point(fd, h, 7, 0, 0), ETIME);
    /* A later point alone does not advance the timeline. */
    signal_and_put(twenty, 0);
    assert_int_equal(query(fd, h, 0), 5);
    assert_int_equal(wait_point(fd, h, 20, 0, 0), ETIME);
    signal_and_put(ten, 0);
    assert_int_equal(query(fd, h, 0), 20);
    assert_int_equal(wait_point(fd, h, 20, 0, 0), 0);
    /* Out of order: no error, and the value does not go back. */
    assert_int_equal(timeline_signal(fd, h, 4), 0);
    assert_int_equal(query(fd, h, 0), 20);
    bad.flags = 1;
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &bad), EINVAL);
    bad.flags = 8;
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_QUERY, &bad), EINVAL);
    bad.flags = 0;
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_QUERY, &bad), EFAULT); /* points: NULL */
    bad.count_handles = 0;
    assert_int_equal(call(fd, DRM_IOCTL_SYNCOBJ_QUERY, &bad), EINVAL);
    node_close(fd);
}

/* A long history is let go of as it is signalled. */
static void long_timeline(void **state)
{
    int fd = render_node();
    uint32_t h = create(fd, 0);

    (void)state;
    for (uint64_t p = 1; p <= 20000; p++)
        assert_int_equal(timeline_signal(fd, h, p), 0);
    assert_int_equal(query(fd, h, 0), 20000);
    struct drm_fence *fences[100];
    for (uint64_t p = 0; p < 100; p++)
        fences[p] = submit(fd, h, 20001 + p);
    for (int p = 0; p < 100; p++) {
        assert_int_equal(query(fd, h, 0), 20000 + p);
        signal_and_put(fences[p], 0);
    }
    assert_int_equal(query(fd, h, 0), 20100);
    node_close(fd);
}

static int transfer(int fd, uint32_t dst, uint64_t dst_point, uint32_t src, uint64_t src_point,
                    uint32_t flags, uint32_t pad)
{
    struct drm_syncobj_transfer args = {.src_handle = src,
                                        .dst_handle = dst,
                                        .src_point = src_point,
                                        .dst_point = dst_point,
                                        .flags = flags,
                                        .pad = pad};

    return call(fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &args);
}

static void transfers(void **state)
{
    int fd = render_node();
    uint32_t binary = create(fd, 0), line = create(fd, 0), target = create(fd, 0);

    (void)state;
    assert_int_equal(transfer(fd, line, 1, binary, 0, 0, 1), EINVAL);
    assert_int_equal(transfer(fd, 99, 1, binary, 0, 0, 0), ENOENT);
    assert_int_equal(transfer(fd, line, 1, 99, 0, 0, 0), ENOENT);
    assert_int_equal(transfer(fd, line, 1, binary, 0, 0, 0), EINVAL); /* no fence */
    assert_int_equal(transfer(fd, line, 1, binary, 0, 1u << 5, 0), EINVAL);
    struct drm_fence *fence = submit(fd, binary, 0);
    assert_int_equal(transfer(fd, line, 7, binary, 0, 0, 0), 0);
    assert_int_equal(query(fd, line, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 7);
    assert_int_equal(query(fd, line, 0), 0);
    assert_int_equal(transfer(fd, target, 0, line, 7, 0, 0), 0);
    assert_int_equal(wait_array(fd, &target, 1, 0, 0, NULL), ETIME);
    signal_and_put(fence, 0);
    assert_int_equal(query(fd, line, 0), 7);
    assert_int_equal(wait_array(fd, &target, 1, 0, 0, NULL), 0);
    /* A point that is long signalled transfers as a signalled fence. */
    assert_int_equal(timeline_signal(fd, line, 9), 0);
    assert_int_equal(transfer(fd, binary, 0, line, 3, 0, 0), 0);
    assert_int_equal(wait_array(fd, &binary, 1, 0, 0, NULL), 0);
    node_close(fd);
}

static int handle_to_fd(int fd, uint32_t handle, uint32_t flags, uint32_t pad, int *out_fd)
{
    struct drm_syncobj_handle args = {.handle = handle, .flags = flags, .pad = pad, .fd = -1};
    int err = call(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

    *out_fd = args.fd;
    return err;
}

static int fd_to_handle(int fd, int object, uint32_t flags, uint32_t *handle)
{
    struct drm_syncobj_handle args = {.handle = *handle, .flags = flags, .fd = object};
    int err = call(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args);

    *handle = args.handle;
    return err;
}

static void descriptors(void **state)
{
    int fd = render_node(), other = render_node(), object;
    uint32_t h = create(fd, 0), imported = 0;

    (void)state;
    assert_int_equal(handle_to_fd(fd, h, 0, 1, &object), EINVAL);
    assert_int_equal(handle_to_fd(fd, h, 2, 0, &object), EINVAL);
    assert_int_equal(handle_to_fd(fd, 99, 0, 0, &object), EINVAL);
    assert_int_equal(fd_to_handle(fd, -1, 0, &imported), EINVAL);
    assert_int_equal(fd_to_handle(fd, fd, 0, &imported), EINVAL);
    assert_int_equal(handle_to_fd(fd, h, 0, 0, &object), 0);
    assert_int_equal(fcntl(object, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fd_to_handle(other, object, 0, &imported), 0);
    close(object);
    /* It is the same syncobj. */
    assert_int_equal(signal_one(other, imported), 0);
    assert_int_equal(wait_array(fd, &h, 1, 0, 0, NULL), 0);
    node_close(fd);
    assert_int_equal(wait_array(other, &imported, 1, 0, 0, NULL), 0);
    node_close(other);
}

static void sync_files(void **state)
{
    const uint32_t export_file = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
    const uint32_t import_file = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
    int fd = render_node(), file, second, merged;
    uint32_t h = create(fd, 0), target = create(fd, 0), unknown = 99;
    struct sync_fence_info fence_info = {0};
    struct sync_file_info info = {0};
    struct pollfd readable = {.events = POLLIN};

    (void)state;
    assert_int_equal(handle_to_fd(fd, 99, export_file, 0, &file), ENOENT);
    assert_int_equal(handle_to_fd(fd, h, export_file, 0, &file), EINVAL); /* no fence */
    struct drm_fence *fence = submit(fd, h, 0);
    assert_int_equal(handle_to_fd(fd, h, export_file, 0, &file), 0);
    readable.fd = file;
    assert_int_equal(poll(&readable, 1, 0), 0);
    assert_int_equal(call(file, SYNC_IOC_FILE_INFO, &info), 0);
    assert_int_equal(info.status, 0);
    assert_int_equal(info.num_fences, 1);
    assert_int_equal(fd_to_handle(fd, file, import_file, &unknown), ENOENT);
    assert_int_equal(fd_to_handle(fd, fd, import_file, &target), EINVAL);
    assert_int_equal(fd_to_handle(fd, file, import_file, &target), 0);
    assert_int_equal(wait_array(fd, &target, 1, 0, 0, NULL), ETIME);
    /* Merged with another that is not signalled either. */
    struct drm_fence *later = submit(fd, h, 0);
    assert_int_equal(handle_to_fd(fd, h, export_file, 0, &second), 0);
    struct sync_merge_data merge = {.name = "both", .fd2 = second};
    assert_int_equal(call(file, SYNC_IOC_MERGE, &merge), 0);
    merged = merge.fence;
    merge.fd2 = fd;
    assert_int_equal(call(file, SYNC_IOC_MERGE, &merge), ENOENT);
    signal_and_put(fence, EIO);
    assert_int_equal(poll(&readable, 1, 1000), 1);
    assert_int_equal(wait_array(fd, &target, 1, 0, 0, NULL), 0);
    info.sync_fence_info = (uintptr_t)&fence_info;
    assert_int_equal(call(file, SYNC_IOC_FILE_INFO, &info), 0);
    assert_int_equal(info.status, -EIO);
    assert_int_equal(fence_info.status, -EIO);
    assert_true(fence_info.timestamp_ns != 0);
    readable.fd = merged;
    assert_int_equal(poll(&readable, 1, 0), 0);
    signal_and_put(later, 0);
    assert_int_equal(poll(&readable, 1, 1000), 1);
    assert_int_equal(call(file, _IO('>', 99), NULL), ENOTTY);
    close(file);
    close(second);
    close(merged);
    node_close(fd);
}

static int add_eventfd(int fd, uint32_t handle, uint64_t point, int event, uint32_t flags)
{
    struct drm_uapi_syncobj_eventfd args = {
        .handle = handle, .flags = flags, .point = point, .fd = event};

    return call(fd, DRM_UAPI_IOCTL_SYNCOBJ_EVENTFD, &args);
}

static uint64_t events(int event)
{
    eventfd_t count = 0;

    return eventfd_read(event, &count) == 0 ? count : 0;
}

static void eventfds(void **state)
{
    int fd = render_node(), event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    uint32_t h = create(fd, 0);
    struct drm_uapi_syncobj_eventfd padded = {.handle = h, .fd = event, .pad = 1};

    (void)state;
    assert_int_equal(add_eventfd(fd, h, 1, event, 1u << 6), EINVAL);
    assert_int_equal(call(fd, DRM_UAPI_IOCTL_SYNCOBJ_EVENTFD, &padded), EINVAL);
    assert_int_equal(add_eventfd(fd, 99, 1, event, 0), ENOENT);
    assert_int_equal(add_eventfd(fd, h, 1, -1, 0), EBADF);
    assert_int_equal(add_eventfd(fd, h, 1, fd, 0), EINVAL);
    assert_int_equal(add_eventfd(fd, h, 5, event, 0), 0);
    assert_int_equal(add_eventfd(fd, h, 5, event, AVAILABLE), 0);
    assert_int_equal(events(event), 0);
    struct drm_fence *fence = submit(fd, h, 6);
    assert_int_equal(events(event), 1); /* submitted */
    signal_and_put(fence, 0);
    assert_int_equal(events(event), 1); /* signalled */
    assert_int_equal(add_eventfd(fd, h, 2, event, 0), 0);
    assert_int_equal(events(event), 1); /* at once */
    /* One that waits for a point that never comes goes with the syncobj. */
    assert_int_equal(add_eventfd(fd, h, 1000, event, 0), 0);
    node_close(fd);
    assert_int_equal(events(event), 0);
    close(event);
}

struct waiter {
    int fd;
    uint32_t handle;
    int err;
};

static void *wait_in_thread(void *context)
{
    struct waiter *w = context;

    w->err = wait_point(w->fd, w->handle, 3, SUBMIT, in_ms(20000));
    return NULL;
}

static void waiters_wake_up(void **state)
{
    struct waiter w[3];
    pthread_t threads[3];
    int fd = render_node();
    uint32_t h = create(fd, 0);

    (void)state;
    for (int i = 0; i < 3; i++) {
        w[i] = (struct waiter){.fd = fd, .handle = h, .err = -1};
        pthread_create(&threads[i], NULL, wait_in_thread, &w[i]);
    }
    usleep(5000);
    struct drm_fence *fence = submit(fd, h, 3);
    usleep(5000);
    signal_and_put(fence, 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].err, 0);
    }
    node_close(fd);
}

/* ---- who is woken ---- */

enum { LAST_POINT = 100, FEW = 10 /* sleeps: one for the point, some for locks */ };

struct sleeper {
    int fd, err;
    uint32_t handle;
    long sleeps;
};

static long sleeps_of_thread(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

static void *sleep_until_last(void *context)
{
    struct sleeper *s = context;
    long before = sleeps_of_thread();

    s->err = wait_point(s->fd, s->handle, LAST_POINT, SUBMIT, in_ms(20000));
    s->sleeps = sleeps_of_thread() - before;
    return NULL;
}

/* What others wait for wakes nobody. */
static void waiters_wake_up_once(void **state)
{
    int fd = render_node();
    struct sleeper s = {.fd = fd, .handle = create(fd, 0)};
    uint32_t other = create(fd, 0);
    pthread_t thread;

    (void)state;
    pthread_create(&thread, NULL, sleep_until_last, &s);
    usleep(5000);
    for (uint64_t point = 1; point < LAST_POINT; point++) {
        assert_int_equal(timeline_signal(fd, s.handle, point), 0);
        assert_int_equal(timeline_signal(fd, other, point), 0);
        usleep(100); /* time to wake up in */
    }
    assert_int_equal(timeline_signal(fd, s.handle, LAST_POINT), 0);
    pthread_join(thread, NULL);
    assert_int_equal(s.err, 0);
    assert_in_range(s.sleeps, 0, FEW); /* none if it came late */
    node_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_and_destroy),
        cmocka_unit_test(binary_waits),
        cmocka_unit_test(reset_and_signal),
        cmocka_unit_test(timeline),
        cmocka_unit_test(long_timeline),
        cmocka_unit_test(transfers),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(sync_files),
        cmocka_unit_test(eventfds),
        cmocka_unit_test(waiters_wake_up),
        cmocka_unit_test(waiters_wake_up_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
