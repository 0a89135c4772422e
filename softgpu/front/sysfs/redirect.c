/* SPDX-License-Identifier: MIT */
#include "softgpu/front/sysfs/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/front/sysfs/generate.h"
#include "softgpu/front/sysfs/tree.h"

#define MAX_NODES (1 + 2 * SOFT_MAX_DEVICES)

_Thread_local bool sysfs_is_building;

static struct {
    pthread_once_t once;
    bool usable;
    char root[PATH_MAX];
    size_t root_length;
    struct placeholder {
        dev_t device;
        ino_t inode;
        struct sysfs_node node;
    } nodes[MAX_NODES];
    unsigned node_count;
    char host_bridge[32]; /* "/sys/devices/pci0000:c0" */
} tree = {.once = PTHREAD_ONCE_INIT};

/* ---- rules ---- */

enum rule_kind {
    RULE_SUBTREE, /* the path and all below it */
    RULE_START,   /* whatever starts with these characters */
    RULE_LISTING, /* the folder itself, and below it only what is ours */
};

static const struct rule {
    const char *path;
    enum rule_kind kind;
} rules[] = {
    {"/dev/kfd", RULE_SUBTREE},
    {"/dev/dri", RULE_SUBTREE},
    {"/sys/class/kfd", RULE_SUBTREE},
    {"/sys/class/drm", RULE_SUBTREE},
    {"/sys/devices/virtual/kfd", RULE_SUBTREE},
    {"/sys/dev/char/226:", RULE_START},    /* SOFT_DRM_MAJOR */
    {"/sys/dev/char/511:0", RULE_SUBTREE}, /* SOFT_KFD_MAJOR */
    {"/sys/kernel/debug/dri", RULE_SUBTREE},
    {"/sys/module/amdgpu", RULE_SUBTREE},
    {"/sys/bus/pci/drivers/amdgpu", RULE_SUBTREE},
    {"/sys/bus/pci/devices", RULE_LISTING},
    {"/sys/class/hwmon", RULE_LISTING},
};
#define HOST_BRIDGE_START "/sys/devices/pci"

_Static_assert(SOFT_DRM_MAJOR == 226 && SOFT_KFD_MAJOR == 511, "rules[] name these numbers");

/* The rest of `path` after `start`; NULL when it does not start so. */
static const char *after(const char *path, const char *start)
{
    size_t length = strlen(start);

    return strncmp(path, start, length) == 0 ? path + length : NULL;
}

static bool ends_component(const char *rest)
{
    return rest && (*rest == '/' || *rest == '\0');
}

/* In a listing, what the real machine has is a link out of the tree (an absolute one); anything
 * else there is ours. Names that are in neither go to the real system, to be missing there. */
static bool listing_entry_is_ours(const char *path, const char *rest)
{
    char link[PATH_MAX], first;

    snprintf(link, sizeof link, "%.3000s%.*s", tree.root,
             (int)(rest - path + (ptrdiff_t)strcspn(rest, "/")), path);
    ssize_t length = readlink(link, &first, 1);
    return length < 0 ? errno == EINVAL : first != '/';
}

static bool rule_covers(const struct rule *rule, const char *path, bool tree_known)
{
    const char *rest = after(path, rule->path);

    if (rule->kind == RULE_START)
        return rest != NULL;
    if (!ends_component(rest))
        return false;
    while (*rest == '/')
        rest++;
    return rule->kind == RULE_SUBTREE || *rest == '\0' || !tree_known ||
           listing_entry_is_ours(path, rest);
}

/* With `tree_known` false: might the path be covered, once the tree is known? */
static bool path_is_covered(const char *path, bool tree_known)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rule_covers(&rules[i], path, tree_known))
            return true;
    if (!tree_known)
        return after(path, HOST_BRIDGE_START) != NULL;
    return ends_component(after(path, tree.host_bridge));
}

/* Drops empty and "." components and takes ".." back, as text. */
static bool path_normalize(const char *path, char out_path[PATH_MAX])
{
    size_t length = 0;

    while (*path) {
        size_t part = strcspn(path, "/");
        if (part == 2 && path[0] == '.' && path[1] == '.') {
            while (length && out_path[--length] != '/')
                ;
        } else if (part && !(part == 1 && path[0] == '.')) {
            if (length + part + 2 > PATH_MAX)
                return false;
            out_path[length++] = '/';
            memcpy(out_path + length, path, part);
            length += part;
        }
        path += part;
        path += strspn(path, "/");
    }
    out_path[length] = '\0';
    return length > 0;
}

static bool needs_normalizing(const char *path)
{
    return strstr(path, "//") || strstr(path, "/.");
}

/* ---- the tree ---- */

static void placeholders_find(const struct manifest *manifest)
{
    char path[PATH_MAX];
    struct stat st;

    for (size_t i = 0; i < manifest->count && tree.node_count < MAX_NODES; i++) {
        const struct manifest_entry *entry = &manifest->entries[i];
        if (entry->kind != MANIFEST_DEVICE)
            continue;
        snprintf(path, sizeof path, "%.4000s%.64s", tree.root, entry->path);
        if (stat(path, &st) < 0)
            continue;
        struct placeholder *placeholder = &tree.nodes[tree.node_count++];
        placeholder->device = st.st_dev;
        placeholder->inode = st.st_ino;
        placeholder->node.major = entry->major;
        placeholder->node.minor = entry->minor;
        snprintf(placeholder->node.path, sizeof placeholder->node.path, "%.47s", entry->path);
    }
}

static void tree_build(void)
{
    struct manifest manifest = {0};

    sysfs_is_building = true;
    const struct soft_machine *machine = soft_machine_describe();
    if (machine) {
        generate_all(&manifest, machine, soft_host());
        rw_status status = tree_publish(&manifest, tree.root);
        if (rw_ok(status)) {
            tree.root_length = strlen(tree.root);
            snprintf(tree.host_bridge, sizeof tree.host_bridge, HOST_BRIDGE_START "%04x:%02x",
                     machine->devices[0].pci_domain & 0xffff,
                     machine->devices[0].pci_root_bus & 0xff);
            placeholders_find(&manifest);
            tree.usable = true;
        } else {
            rw_error(sysfs, "no software GPU is visible: %s", rw_status_message(status, NULL));
        }
        manifest_finish(&manifest);
    }
    sysfs_is_building = false;
}

static bool tree_is_usable(void)
{
    pthread_once(&tree.once, tree_build);
    return tree.usable;
}

static bool path_in_tree(const char *path, char out_path[PATH_MAX])
{
    size_t length = strlen(path);

    if (tree.root_length + length >= PATH_MAX)
        return false;
    memcpy(out_path, tree.root, tree.root_length);
    memcpy(out_path + tree.root_length, path, length + 1);
    return true;
}

/* The path leaves and enters folders by "..": what counts is where it ends. Within the tree the
 * kernel resolves it, symbolic links and all; "/sys/module/amdgpu/../loop" ends outside. */
static bool redirect_unclean(const char *path, char out_path[PATH_MAX])
{
    char normal[PATH_MAX];
    struct stat st;

    if (!path_normalize(path, normal))
        return false;
    bool starts_covered = path_is_covered(path, true), ends_covered = path_is_covered(normal, true);
    if (!starts_covered)
        return ends_covered && path_in_tree(normal, out_path);
    if (!path_in_tree(path, out_path))
        return false;
    if (!ends_covered && fstatat(AT_FDCWD, out_path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        memcpy(out_path, normal, sizeof normal);
    return true;
}

bool sysfs_redirect(const char *path, char out_path[PATH_MAX])
{
    if (sysfs_is_building || !sysfs_path_is_candidate(path))
        return false;
    if (needs_normalizing(path))
        return tree_is_usable() && redirect_unclean(path, out_path);
    return path_is_covered(path, false) && tree_is_usable() && path_is_covered(path, true) &&
           path_in_tree(path, out_path);
}

bool sysfs_path_restore(char *path)
{
    if (!tree.usable || strncmp(path, tree.root, tree.root_length) != 0)
        return false;
    const char *rest = path + tree.root_length;
    if (*rest != '/' && *rest != '\0')
        return false;
    memmove(path, *rest ? rest : "/", strlen(*rest ? rest : "/") + 1);
    return true;
}

const struct sysfs_node *sysfs_node_find(const struct stat *st)
{
    for (unsigned i = 0; tree.usable && i < tree.node_count; i++)
        if (tree.nodes[i].inode == st->st_ino && tree.nodes[i].device == st->st_dev)
            return &tree.nodes[i].node;
    return NULL;
}

/* The place in the tree of the device that `st` is of; NULL: of none. */
static const struct placeholder *placeholder_of_device(const struct stat *st)
{
    for (unsigned i = 0; tree.usable && i < tree.node_count; i++) {
        const struct sysfs_node *node = &tree.nodes[i].node;

        if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(node->major, node->minor))
            return &tree.nodes[i];
    }
    return NULL;
}

bool sysfs_node_path(const struct stat *st, char *out_path, size_t size)
{
    const struct placeholder *place = placeholder_of_device(st);

    if (place)
        snprintf(out_path, size, "%s", place->node.path);
    return place != NULL;
}

void sysfs_node_place(struct stat *st)
{
    const struct placeholder *place = placeholder_of_device(st);

    if (!place)
        return;
    st->st_dev = place->device;
    st->st_ino = place->inode;
}

/* udev gives both to groups; 0666 is what AMD's own rules set. */
void sysfs_node_stat(const struct sysfs_node *node, struct stat *stat)
{
    stat->st_mode = S_IFCHR | 0666;
    stat->st_rdev = makedev(node->major, node->minor);
    stat->st_uid = 0;
    stat->st_gid = 0;
    stat->st_size = 0;
    stat->st_blocks = 0;
}
