/* SPDX-License-Identifier: MIT */
#include "kmt-shim/files.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>

#include "base/log.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/lookup.h"

/* Descriptor numbers in chunks that are made when needed and never freed. */
enum { CHUNK = 1024, CHUNK_COUNT = 1024, PRIVATE_COUNT = GPU_COUNT_MAX + 8 };

struct chunk {
    _Atomic(struct drm_file *) entries[CHUNK];
};

/* What an entry may be beside NULL (not looked at) and a file. */
static struct drm_file no_gpu, secondary_kfd;

static _Atomic(struct chunk *) chunks[CHUNK_COUNT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows, entries' changes */
static struct drm_file *files;
static pid_t owner; /* 0 until first asked */
static bool told_no_kcmp;
static _Atomic int private_fds[PRIVATE_COUNT]; /* number + 1 */

static _Atomic(struct drm_file *) *entry_of(int fd, bool create)
{
    struct chunk *chunk, *expected = NULL;

    if (fd < 0 || fd >= CHUNK * CHUNK_COUNT)
        return NULL;
    chunk = atomic_load_explicit(&chunks[fd / CHUNK], memory_order_acquire);
    if (!chunk && create && (chunk = calloc(1, sizeof *chunk)) &&
        !atomic_compare_exchange_strong(&chunks[fd / CHUNK], &expected, chunk)) {
        free(chunk);
        chunk = expected;
    }
    return chunk ? &chunk->entries[fd % CHUNK] : NULL;
}

static struct drm_file *entry_load(int fd)
{
    _Atomic(struct drm_file *) *entry = entry_of(fd, false);

    return entry ? atomic_load_explicit(entry, memory_order_acquire) : NULL;
}

static bool is_file(const struct drm_file *entry)
{
    return entry && entry != &no_gpu && entry != &secondary_kfd;
}

/* A child of vfork() runs in our memory with descriptors of its own. */
static bool is_other_process(void)
{
    return owner && getpid() != owner;
}

/* ---- references; the lock is held ---- */

static void drop_locked(struct drm_file *file)
{
    if (--file->refs > 0)
        return;
    buffer_set_finish(&file->bufs);
    free(file);
}

static void entry_clear_locked(int fd)
{
    _Atomic(struct drm_file *) *entry = entry_of(fd, false);
    struct drm_file *file = entry ? atomic_exchange(entry, NULL) : NULL;

    if (!is_file(file))
        return;
    if (--file->fds == 0)
        DL_DELETE(files, file);
    else if (file->fd == fd)
        file->fd = -1; /* found again when needed */
    drop_locked(file);
}

static void entry_set_locked(int fd, struct drm_file *file)
{
    _Atomic(struct drm_file *) *entry = entry_of(fd, true);

    if (!entry)
        return; /* no memory: looked at again next time */
    if (atomic_load(entry))
        entry_clear_locked(fd);
    if (is_file(file)) {
        if (file->fds++ == 0)
            DL_APPEND(files, file);
        if (file->fd < 0)
            file->fd = fd;
        file->refs++;
    }
    atomic_store_explicit(entry, file, memory_order_release);
}

/* New, with one reference. */
static struct drm_file *file_create(unsigned minor)
{
    struct drm_file *file = calloc(1, sizeof *file);

    if (!file) {
        rw_warn(shim, "renderD%u: no memory to follow a file's buffers", minor);
        return NULL;
    }
    buffer_set_init(&file->bufs, minor);
    file->minor = minor;
    file->fd = -1;
    file->refs = 1;
    if (!owner)
        owner = getpid();
    return file;
}

/* A descriptor of the file whose number is still its. */
static int file_fd_locked(struct drm_file *file)
{
    for (int fd = 0; file->fd < 0 && fd < CHUNK * CHUNK_COUNT; fd++) {
        if (fd % CHUNK == 0 && !atomic_load(&chunks[fd / CHUNK]))
            fd += CHUNK - 1;
        else if (entry_load(fd) == file)
            file->fd = fd;
    }
    return file->fd;
}

/* ---- looking at an unknown descriptor ---- */

static struct drm_file *without_kcmp(unsigned minor)
{
    struct drm_file *file, *found = NULL;

    if (!told_no_kcmp)
        rw_info(shim, "the kernel does not let us compare descriptors (kcmp): one that came by "
                      "another way than open() is taken for the node's shared file");
    told_no_kcmp = true;
    DL_FOREACH(files, file)
    {
        if (file->minor == minor && (!found || !found->shared))
            found = file;
    }
    return found;
}

static struct drm_file *same_file_locked(int fd, unsigned minor)
{
    struct drm_file *file;

    DL_FOREACH(files, file)
    {
        int same;

        if (file->minor != minor)
            continue;
        counter_add(shim_calls, 1);
        same = gpu_same_file(fd, file_fd_locked(file));
        if (same > 0)
            return file;
        if (same < 0)
            return without_kcmp(minor);
    }
    return NULL;
}

static void resolve_locked(int fd, unsigned minor)
{
    struct drm_file *file = same_file_locked(fd, minor);

    if (file) {
        entry_set_locked(fd, file);
        return;
    }
    file = file_create(minor);
    if (file) {
        entry_set_locked(fd, file);
        drop_locked(file); /* the entry's reference stays */
    }
}

/* What the descriptor is of is asked without the lock: libdrm closes descriptors for an answer. */
static void resolve(int fd)
{
    unsigned minor;
    bool is_gpu = gpu_minor_of_amdgpu_fd(fd, &minor);

    pthread_mutex_lock(&lock);
    if (!entry_load(fd)) {
        if (is_gpu)
            resolve_locked(fd, minor);
        else
            entry_set_locked(fd, &no_gpu);
    }
    pthread_mutex_unlock(&lock);
}

struct drm_file *files_get(int fd)
{
    struct drm_file *file;

    if (!entry_load(fd))
        resolve(fd);
    pthread_mutex_lock(&lock);
    file = entry_load(fd);
    if (is_file(file))
        file->refs++;
    else
        file = NULL;
    pthread_mutex_unlock(&lock);
    return file;
}

void files_put(struct drm_file *file)
{
    if (!file)
        return;
    pthread_mutex_lock(&lock);
    drop_locked(file);
    pthread_mutex_unlock(&lock);
}

bool files_is_known(int fd)
{
    return is_file(entry_load(fd));
}

bool files_is_secondary_kfd(int fd)
{
    return entry_load(fd) == &secondary_kfd;
}

void files_mark_secondary_kfd(int fd)
{
    pthread_mutex_lock(&lock);
    entry_set_locked(fd, &secondary_kfd);
    pthread_mutex_unlock(&lock);
}

/* ---- the hooks ---- */

void files_note_open(int fd, unsigned minor)
{
    struct drm_file *file;

    if (is_other_process())
        return;
    pthread_mutex_lock(&lock);
    file = file_create(minor);
    if (file) {
        file->opened = true;
        entry_set_locked(fd, file);
        drop_locked(file);
    }
    pthread_mutex_unlock(&lock);
}

void files_note_dup(int fd, int copy)
{
    struct drm_file *file = entry_load(fd);

    if (fd == copy || (!file && !entry_load(copy)) || is_other_process())
        return;
    pthread_mutex_lock(&lock);
    file = entry_load(fd);
    if (file)
        entry_set_locked(copy, file);
    else
        entry_clear_locked(copy);
    pthread_mutex_unlock(&lock);
}

void files_note_close(int fd)
{
    if (!entry_load(fd) || is_other_process())
        return;
    pthread_mutex_lock(&lock);
    entry_clear_locked(fd);
    pthread_mutex_unlock(&lock);
}

void files_note_close_range(unsigned first, unsigned last)
{
    for (uint64_t fd = first; fd <= last && fd < CHUNK * CHUNK_COUNT; fd++) {
        if (!atomic_load(&chunks[fd / CHUNK]))
            fd |= CHUNK - 1;
        else
            files_note_close((int)fd);
    }
}

int files_choose(unsigned minor)
{
    struct drm_file *file, *found = NULL;
    int fd;

    pthread_mutex_lock(&lock);
    DL_FOREACH(files, file)
    {
        if (file->minor == minor && file->opened && !file->separate &&
            (!found || (file->used && !found->used)))
            found = file;
    }
    fd = found ? file_fd_locked(found) : -1;
    pthread_mutex_unlock(&lock);
    return fd;
}

bool files_find_range(const struct drm_file *but, uint64_t address,
                      struct kmt_shim_range *out_range)
{
    struct drm_file *file;
    bool found = false;

    pthread_mutex_lock(&lock); /* keeps the files */
    DL_FOREACH(files, file)
    {
        found = file != but && file->minor == but->minor &&
                lookup_in_index(__atomic_load_n(&file->bufs.ranges, __ATOMIC_ACQUIRE), address,
                                out_range);
        if (found)
            break;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* ---- the shim's own ---- */

void files_private_add(int fd)
{
    for (int i = 0; i < PRIVATE_COUNT; i++) {
        int none = 0;

        if (atomic_compare_exchange_strong(&private_fds[i], &none, fd + 1)) {
            counter_add(shim_fds, 1);
            return;
        }
    }
}

void files_private_remove(int fd)
{
    for (int i = 0; i < PRIVATE_COUNT; i++) {
        int number = fd + 1;

        if (atomic_compare_exchange_strong(&private_fds[i], &number, 0)) {
            counter_add(shim_fds, -1);
            return;
        }
    }
}

bool files_is_private(int fd)
{
    return fd >= 0 && files_private_in((unsigned)fd, (unsigned)fd) == fd;
}

int files_private_in(unsigned first, unsigned last)
{
    int lowest = -1;

    for (int i = 0; i < PRIVATE_COUNT; i++) {
        int fd = atomic_load_explicit(&private_fds[i], memory_order_relaxed) - 1;

        if (fd >= 0 && (unsigned)fd >= first && (unsigned)fd <= last && (lowest < 0 || fd < lowest))
            lowest = fd;
    }
    return lowest;
}

/* The parent's threads may have held the lock: nothing that it guards is followed here. The files
 * themselves stay behind as garbage, since their owner's memory may be half changed. */
void files_fork_in_child(void)
{
    pthread_mutex_init(&lock, NULL);
    for (int i = 0; i < CHUNK_COUNT; i++) {
        struct chunk *chunk = atomic_load(&chunks[i]);

        if (chunk)
            memset(chunk, 0, sizeof *chunk);
    }
    files = NULL;
    owner = 0;
}
