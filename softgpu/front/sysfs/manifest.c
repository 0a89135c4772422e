/* SPDX-License-Identifier: MIT */
#include "softgpu/front/sysfs/manifest.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void manifest_finish(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++) {
        free(manifest->entries[i].path);
        free(manifest->entries[i].content);
    }
    free(manifest->entries);
    *manifest = (struct manifest){0};
}

static bool manifest_grow(struct manifest *manifest)
{
    size_t capacity = manifest->capacity ? 2 * manifest->capacity : 256;
    void *entries = reallocarray(manifest->entries, capacity, sizeof *manifest->entries);

    if (!entries)
        return false;
    manifest->entries = entries;
    manifest->capacity = capacity;
    return true;
}

/* Takes `content` over, also when it fails. */
static struct manifest_entry *manifest_add(struct manifest *manifest, enum manifest_kind kind,
                                           const char *path, char *content, size_t size)
{
    char *own_path = strdup(path);

    if (rw_ok(manifest->status) && own_path && (content || size == 0) &&
        (manifest->count < manifest->capacity || manifest_grow(manifest))) {
        struct manifest_entry *entry = &manifest->entries[manifest->count++];
        *entry = (struct manifest_entry){kind, own_path, content, size, 0, 0};
        return entry;
    }
    if (rw_ok(manifest->status))
        manifest->status = RW_FAIL(ENOMEM, "no memory for the sysfs tree");
    free(own_path);
    free(content);
    return NULL;
}

void manifest_file(struct manifest *manifest, const char *path, const char *format, ...)
{
    va_list args;
    char *content;

    va_start(args, format);
    int size = vasprintf(&content, format, args);
    va_end(args);
    if (size < 0)
        content = NULL;
    manifest_add(manifest, MANIFEST_FILE, path, content, size < 0 ? 1 : (size_t)size);
}

void manifest_bytes(struct manifest *manifest, const char *path, const void *data, size_t size)
{
    char *content = malloc(size);

    if (content)
        memcpy(content, data, size);
    manifest_add(manifest, MANIFEST_FILE, path, content, size);
}

void manifest_link_text(struct manifest *manifest, const char *path, const char *text)
{
    manifest_add(manifest, MANIFEST_LINK, path, strdup(text), strlen(text));
}

/* Length of the common leading directories, including the slash after the last. */
static size_t common_directories(const char *a, const char *b)
{
    size_t common = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            common = i + 1;
    return common;
}

void manifest_link(struct manifest *manifest, const char *path, const char *target)
{
    char text[PATH_MAX] = "";
    size_t common = common_directories(path, target), length = 0;

    for (const char *at = path + common; (at = strchr(at, '/')); at++)
        length += (size_t)snprintf(text + length, sizeof text - length, "../");
    snprintf(text + length, sizeof text - length, "%s", target + common);
    manifest_link_text(manifest, path, text);
}

void manifest_device(struct manifest *manifest, const char *path, uint32_t major, uint32_t minor)
{
    struct manifest_entry *entry = manifest_add(manifest, MANIFEST_DEVICE, path, NULL, 0);

    if (entry) {
        entry->major = major;
        entry->minor = minor;
    }
}

void manifest_directory(struct manifest *manifest, const char *path)
{
    manifest_add(manifest, MANIFEST_DIRECTORY, path, NULL, 0);
}

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t manifest_hash(const struct manifest *manifest)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_entry *entry = &manifest->entries[i];
        const uint32_t words[] = {entry->kind, entry->major, entry->minor, (uint32_t)entry->size};
        hash = hash_bytes(hash, entry->path, strlen(entry->path) + 1);
        hash = hash_bytes(hash, words, sizeof words);
        hash = hash_bytes(hash, entry->content, entry->size);
    }
    return hash;
}
