/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_smi.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/node.h"

#define MESSAGE_MAX 96 /* KFD_SMI_EVENT_MSG_SIZE */

struct smi_stream {
    const struct soft_device *device; /* borrowed */
    struct node *node;                /* borrowed: the stream ends with it */
    uint64_t wanted;                  /* KFD_SMI_BIT() of events */
    struct smi_stream *prev, *next;
};

static struct {
    pthread_mutex_t lock;
    struct smi_stream *streams;
} smi = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The program chooses events by writing a 64-bit mask; the last one counts. It is looked at when
 * an event is about to be sent, which nobody can tell from looking at it at once. */
static void stream_update_locked(struct smi_stream *stream)
{
    uint64_t mask;

    while (node_receive(stream->node, &mask, sizeof mask) == sizeof mask)
        stream->wanted = mask;
}

void kfd_smi_report(const struct soft_device *device, unsigned event, const char *format, ...)
{
    char message[MESSAGE_MAX];
    struct smi_stream *stream;
    va_list args;
    int length = snprintf(message, sizeof message, "%x ", event);

    va_start(args, format);
    length += vsnprintf(message + length, sizeof message - (size_t)length, format, args);
    va_end(args);
    if (length >= MESSAGE_MAX)
        length = MESSAGE_MAX - 1;
    pthread_mutex_lock(&smi.lock);
    DL_FOREACH(smi.streams, stream)
    {
        if (stream->device != device)
            continue;
        stream_update_locked(stream);
        if ((stream->wanted & KFD_SMI_BIT(event)) &&
            !rw_ok(node_send(stream->node, message, (size_t)length)))
            rw_debug(kfd, "an SMI stream is full; event %u is lost", event);
    }
    pthread_mutex_unlock(&smi.lock);
}

static void stream_release(struct node *node)
{
    struct smi_stream *stream = node_private(node);

    pthread_mutex_lock(&smi.lock);
    if (stream->node)
        DL_DELETE(smi.streams, stream);
    pthread_mutex_unlock(&smi.lock);
    free(stream);
}

static const struct node_ops stream_ops = {.name = "kfd-smi", .release = stream_release};

/* Reading an empty stream gives EAGAIN, never a wait: the kernel's has no blocking read. */
static rw_status stream_open(const struct soft_device *device, int *out_fd)
{
    struct smi_stream *stream = calloc(1, sizeof *stream);
    struct node *node;
    rw_status status;

    if (!stream)
        return RW_FAIL(ENOMEM, "no memory for a stream of SMI events");
    stream->device = device;
    status = node_open(&stream_ops, stream, O_RDWR | O_NONBLOCK, out_fd);
    if (!rw_ok(status)) {
        free(stream);
        return status;
    }
    node = node_get_by_fd(*out_fd);
    pthread_mutex_lock(&smi.lock);
    stream->node = node;
    DL_APPEND(smi.streams, stream);
    pthread_mutex_unlock(&smi.lock);
    node_put(node);
    return RW_OK;
}

rw_status kfd_ioctl_smi_events(void *context, void *argument)
{
    struct kfd_ioctl_smi_events_args *args = argument;
    const struct kfd_pdd *pdd = kfd_pdd_find(((struct kfd_call *)context)->process, args->gpuid);
    int fd;

    if (!pdd)
        return kfd_unknown_gpu("SMI_EVENTS", args->gpuid);
    RW_TRY(stream_open(pdd->device, &fd));
    args->anon_fd = (uint32_t)fd;
    return RW_OK;
}

void kfd_smi_after_fork(void)
{
    pthread_mutex_init(&smi.lock, NULL);
    smi.streams = NULL;
}
