/* SPDX-License-Identifier: MIT */
#include "softgpu/front/sysfs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* Trees that nobody has used for so long are removed when a new one is made. */
#define STALE_SECONDS (7 * 24 * 3600)

/* ---- the cache folder ---- */

/* Ours, a directory, and closed to others; else another user could feed us a topology. */
static rw_status folder_check(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return RW_FAIL(errno, "cannot open the cache folder %s", path);
    int result = fstat(fd, &st);
    close(fd);
    if (result < 0 || st.st_uid != geteuid() || (st.st_mode & 077))
        return RW_FAIL(EACCES,
                       "the cache folder %s must be yours with mode 0700; remove it, or "
                       "set XDG_RUNTIME_DIR to a private folder",
                       path);
    return RW_OK;
}

rw_status tree_cache_folder(char out_path[PATH_MAX])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    /* An environment kept by su or sudo names somebody else's folder. */
    if (runtime && runtime[0] == '/' && strlen(runtime) < PATH_MAX - 128 &&
        access(runtime, W_OK | X_OK) == 0) {
        struct stat st;
        snprintf(out_path, PATH_MAX, "%.3900s/rocweld", runtime);
        if (stat(runtime, &st) == 0 && st.st_uid == geteuid() &&
            (mkdir(out_path, 0700) == 0 || errno == EEXIST))
            return folder_check(out_path);
    }
    snprintf(out_path, PATH_MAX, "/tmp/rocweld-%u", (unsigned)geteuid());
    if (mkdir(out_path, 0700) < 0 && errno != EEXIST)
        return RW_FAIL(
            errno, "cannot make the cache folder %s (%s); set XDG_RUNTIME_DIR to a private folder",
            out_path, strerror(errno));
    return folder_check(out_path);
}

/* ---- writing ---- */

/* mkdir -p for the parents of a path below `root`. */
static rw_status parents_make(int root, const char *path)
{
    char partial[PATH_MAX];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(partial, sizeof partial, "%.*s", (int)(slash - path), path);
        if (mkdirat(root, partial, 0755) < 0 && errno != EEXIST)
            return RW_FAIL(errno, "cannot make %s in the sysfs tree", partial);
    }
    return RW_OK;
}

static rw_status file_write(int root, const char *path, const struct manifest_entry *entry)
{
    mode_t mode = entry->kind == MANIFEST_DEVICE ? 0666 : 0444;
    int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return RW_FAIL(errno, "cannot make %s in the sysfs tree", path);
    ssize_t written = entry->size ? write(fd, entry->content, entry->size) : 0;
    int err = written == (ssize_t)entry->size ? 0 : written < 0 ? errno : ENOSPC;
    if (!err && fchmod(fd, mode) < 0)
        err = errno;
    close(fd);
    return err ? RW_FAIL(err, "cannot write %s in the sysfs tree", path) : RW_OK;
}

static rw_status entry_write(int root, const struct manifest_entry *entry)
{
    const char *path = entry->path + 1; /* relative to the root */

    RW_TRY(parents_make(root, path));
    switch (entry->kind) {
    case MANIFEST_DIRECTORY:
        if (mkdirat(root, path, 0755) < 0 && errno != EEXIST)
            return RW_FAIL(errno, "cannot make %s in the sysfs tree", path);
        return RW_OK;
    case MANIFEST_LINK:
        if (symlinkat(entry->content, root, path) < 0)
            return RW_FAIL(errno, "cannot make the link %s in the sysfs tree", path);
        return RW_OK;
    case MANIFEST_FILE:
    case MANIFEST_DEVICE:
        break;
    }
    return file_write(root, path, entry);
}

static rw_status tree_write(const char *folder, const struct manifest *manifest)
{
    rw_status status = RW_OK;

    if (mkdir(folder, 0700) < 0)
        return RW_FAIL(errno, "cannot make %s", folder);
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return RW_FAIL(errno, "cannot open %s", folder);
    for (size_t i = 0; i < manifest->count && rw_ok(status); i++)
        status = entry_write(root, &manifest->entries[i]);
    close(root);
    return status;
}

/* ---- removing ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void tree_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void stale_trees_remove(const char *cache)
{
    DIR *directory = opendir(cache);
    time_t oldest = time(NULL) - STALE_SECONDS;
    char path[PATH_MAX];
    struct dirent *entry;
    struct stat st;

    while (directory && (entry = readdir(directory))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%.3800s/%s", cache, entry->d_name);
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_mtime < oldest)
            tree_remove(path);
    }
    if (directory)
        closedir(directory);
}

/* ---- publishing ---- */

/* Are all entries there? The content is in the folder's name; but /tmp is swept by age, file by
 * file, on many systems. */
static bool tree_is_complete(const char *folder, const struct manifest *manifest)
{
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool complete = root >= 0;
    struct stat st;

    for (size_t i = 0; i < manifest->count && complete; i++)
        complete = fstatat(root, manifest->entries[i].path + 1, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (complete)
        futimens(root, NULL); /* in use */
    if (root >= 0)
        close(root);
    return complete;
}

/* Puts `made` in the place of `folder`. Another process may do the same at the same time; whoever
 * comes second finds an equal tree. */
static rw_status tree_move_into_place(const char *made, const char *folder,
                                      const struct manifest *manifest)
{
    if (renameat2(AT_FDCWD, made, AT_FDCWD, folder, RENAME_NOREPLACE) == 0 ||
        rename(made, folder) == 0) /* file systems without the flag; an empty folder */
        return RW_OK;
    if (tree_is_complete(folder, manifest) ||
        renameat2(AT_FDCWD, made, AT_FDCWD, folder, RENAME_EXCHANGE) == 0) {
        tree_remove(made);
        return RW_OK;
    }
    return RW_FAIL(errno, "cannot move the sysfs tree to %s", folder);
}

rw_status tree_publish(const struct manifest *manifest, char out_root[PATH_MAX])
{
    char cache[PATH_MAX], made[PATH_MAX];
    unsigned long long hash = manifest_hash(manifest);

    RW_TRY(manifest->status);
    RW_TRY(tree_cache_folder(cache));
    snprintf(out_root, PATH_MAX, "%.4000s/%016llx", cache, hash);
    if (tree_is_complete(out_root, manifest))
        return RW_OK;
    stale_trees_remove(cache);
    snprintf(made, sizeof made, "%.4000s/.%016llx.%d", cache, hash, gettid());
    tree_remove(made); /* left by a process that died, with a number that came round */
    rw_status status = tree_write(made, manifest);
    if (rw_ok(status))
        status = tree_move_into_place(made, out_root, manifest);
    if (!rw_ok(status))
        tree_remove(made);
    else
        rw_debug(sysfs, "made %s with %zu entries", out_root, manifest->count);
    return status;
}
