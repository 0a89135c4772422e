/* SPDX-License-Identifier: MIT */
#include "tools/trace/buffers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <utlist.h>

#include "base/range_map.h"

static const uint64_t VA_MASK = (UINT64_C(1) << 48) - 1;

struct mapping {
    struct range_node node;
    uint32_t handle;
    uint64_t offset; /* of the mapping's start in the buffer */
};

struct file {
    int fd;
    struct range_map map;
    struct file *next;
};

static struct file *files;
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

static struct mapping *mapping_of(struct range_node *node)
{
    return node ? range_map_entry(node, struct mapping, node) : NULL;
}

static struct file *file_find(int fd)
{
    struct file *file;

    LL_SEARCH_SCALAR(files, file, fd, fd);
    return file;
}

static struct file *file_get(int fd)
{
    struct file *file = file_find(fd);

    if (file || !(file = calloc(1, sizeof *file)))
        return file;
    file->fd = fd;
    range_map_init(&file->map);
    LL_PREPEND(files, file);
    return file;
}

static void mapping_drop(struct file *file, struct mapping *mapping)
{
    range_map_remove(&file->map, &mapping->node);
    free(mapping);
}

/* Cuts a mapping in two; without memory the second half is forgotten, not wrong. */
static void mapping_cut(struct file *file, struct mapping *mapping, uint64_t at)
{
    struct mapping *tail = malloc(sizeof *tail);

    if (!tail) {
        range_map_resize(&file->map, &mapping->node, mapping->node.start, at - 1);
        return;
    }
    tail->handle = mapping->handle;
    tail->offset = mapping->offset + (at - mapping->node.start);
    range_map_split(&file->map, &mapping->node, at, &tail->node);
}

static void range_clear(struct file *file, uint64_t start, uint64_t last)
{
    struct mapping *mapping;

    while ((mapping = mapping_of(range_map_first_in(&file->map, start, last)))) {
        if (mapping->node.start < start) {
            mapping_cut(file, mapping, start);
            continue;
        }
        if (mapping->node.last > last)
            mapping_cut(file, mapping, last + 1);
        mapping_drop(file, mapping);
    }
}

static void range_set(struct file *file, const struct drm_amdgpu_gem_va *a, uint64_t start)
{
    struct mapping *mapping = malloc(sizeof *mapping);

    range_clear(file, start, start + a->map_size - 1);
    if (!mapping)
        return;
    mapping->handle = a->handle;
    mapping->offset = a->offset_in_bo;
    range_map_insert(&file->map, &mapping->node, start, start + a->map_size - 1);
}

static void va_note(struct file *file, const struct drm_amdgpu_gem_va *a)
{
    uint64_t start = a->va_address & VA_MASK;
    struct mapping *mapping;

    switch (a->operation) {
    case AMDGPU_VA_OP_MAP:
    case AMDGPU_VA_OP_REPLACE:
        if (a->map_size)
            range_set(file, a, start);
        break;
    case AMDGPU_VA_OP_CLEAR:
        if (a->map_size)
            range_clear(file, start, start + a->map_size - 1);
        break;
    case AMDGPU_VA_OP_UNMAP:
        mapping = mapping_of(range_map_find(&file->map, start));
        if (mapping)
            mapping_drop(file, mapping);
        break;
    }
}

/* The kernel unmaps a buffer when its handle is closed. */
static void handle_close(struct file *file, uint32_t handle)
{
    struct range_node *node = range_map_first(&file->map), *next;

    for (; node; node = next) {
        next = range_map_next(node);
        if (mapping_of(node)->handle == handle)
            mapping_drop(file, mapping_of(node));
    }
}

void buffers_note(int fd, unsigned number, const void *argument)
{
    enum { NR_GEM_CLOSE = 0x09, NR_GEM_VA = DRM_COMMAND_BASE + DRM_AMDGPU_GEM_VA };
    struct file *file;

    if (number != NR_GEM_CLOSE && number != NR_GEM_VA)
        return;
    pthread_mutex_lock(&files_lock);
    file = file_get(fd);
    if (file && number == NR_GEM_VA)
        va_note(file, argument);
    else if (file)
        handle_close(file, ((const struct drm_gem_close *)argument)->handle);
    pthread_mutex_unlock(&files_lock);
}

void buffers_forget(int fd)
{
    struct file *file;

    pthread_mutex_lock(&files_lock);
    file = file_find(fd);
    if (file) {
        range_clear(file, 0, UINT64_MAX);
        LL_DELETE(files, file);
        free(file);
    }
    pthread_mutex_unlock(&files_lock);
}

/* ---- contents ---- */

struct place {
    uint32_t handle;
    uint64_t offset, rest; /* in the buffer; bytes that are mapped from there on */
};

static const char *place_find(int fd, uint64_t va, struct place *out_place)
{
    struct mapping *mapping;
    struct file *file;

    pthread_mutex_lock(&files_lock);
    file = file_find(fd);
    mapping = file ? mapping_of(range_map_find(&file->map, va & VA_MASK)) : NULL;
    if (mapping)
        *out_place =
            (struct place){.handle = mapping->handle,
                           .offset = mapping->offset + ((va & VA_MASK) - mapping->node.start),
                           .rest = mapping->node.last - (va & VA_MASK) + 1};
    pthread_mutex_unlock(&files_lock);
    return mapping ? NULL : "no buffer was seen to be mapped there";
}

/* The kernel wants mappings to begin where the buffer does. Not locked: a program that ends a
 * buffer while it submits it gets to know that from the kernel. */
static const char *place_read(const struct buffers_calls *calls, int fd, const struct place *place,
                              void *to, size_t size)
{
    union drm_amdgpu_gem_mmap map = {.in.handle = place->handle};
    size_t length = place->offset + size;
    char *bytes;

    if (calls->ioctl(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &map) != 0)
        return errno == EPERM ? "the CPU has no access to the buffer" : "the buffer is gone";
    bytes = calls->mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)map.out.addr_ptr);
    if (bytes == MAP_FAILED)
        return "the buffer cannot be mapped by the CPU";
    memcpy(to, bytes + place->offset, size);
    munmap(bytes, length);
    return NULL;
}

const char *buffers_read(const struct buffers_calls *calls, int fd, uint64_t va, void *to,
                         size_t size)
{
    int saved = errno;
    const char *obstacle = NULL;

    while (size > 0 && !obstacle) {
        struct place place;
        size_t piece;

        obstacle = place_find(fd, va, &place);
        if (obstacle)
            break;
        piece = size < place.rest ? size : (size_t)place.rest;
        obstacle = place_read(calls, fd, &place, to, piece);
        to = (char *)to + piece;
        va += piece;
        size -= piece;
    }
    errno = saved;
    return obstacle;
}
