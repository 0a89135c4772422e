/* SPDX-License-Identifier: MIT
 *
 * The generated tree: which paths lead there, what is in it, and how it gets on disk.
 *
 * A process has one tree, so each configuration is looked at in a child of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softgpu/device/host.h"
#include "softgpu/device/machine.h"
#include "softgpu/front/sysfs/manifest.h"
#include "softgpu/front/sysfs/sysfs.h"
#include "softgpu/front/sysfs/tree.h"
#include "softgpu/mem/bo.h"

static char runtime[] = "/tmp/rocweld-sysfs-test-XXXXXX";

/* Runs `check` in a child with ROCWELD_GPU set; its return value, 0 for good, names the line. */
static int in_child(const char *gpus, int (*check)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        setenv("ROCWELD_GPU", gpus, 1);
        _exit(check());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* In a child: leave with a small number that tells which check failed. */
#define CHECK(number, condition)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            return number;                                                                         \
        }                                                                                          \
    } while (0)

/* The content of a file of the tree, by the program's path. */
static const char *content(const char *path)
{
    static char text[16384];
    char tree_path[PATH_MAX];

    text[0] = '\0';
    if (!sysfs_redirect(path, tree_path))
        return text;
    FILE *file = fopen(tree_path, "re");
    if (!file)
        return text;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

#define TOPOLOGY "/sys/devices/virtual/kfd/kfd/topology"

static unsigned long long property(const char *path, const char *name)
{
    char line[128];
    const char *found;

    snprintf(line, sizeof line, "\n%s ", name);
    found = strstr(content(path), line + (strncmp(content(path), line + 1, strlen(line) - 1) == 0));
    return found ? strtoull(strchr(found + 1, ' '), NULL, 10) : ~0ull;
}

/* ---- rules ---- */

static int check_redirection(void)
{
    static const char *const covered[] = {
        "/dev/kfd",
        "/dev/dri",
        "/dev/dri/",
        "/dev/dri/renderD128",
        "/dev/dri/nothing",
        "/sys/class/drm",
        "/sys/class/kfd/kfd/topology",
        "/sys/dev/char/226:128/device",
        "/sys/dev/char/226:77",
        "/sys/module/amdgpu/initstate",
        "/sys/bus/pci/devices",
        "/sys//class/./drm",
        "/sys/class/../class/drm/card0",
        "//dev/kfd",
    };
    static const char *const others[] = {
        "/dev/kfdx",
        "/dev/null",
        "/dev/drive",
        "/sys/class/drmx",
        "/sys/dev/char/1:3",
        "/sys/module/amdgpu_other",
        "/proc/self/maps",
        "/",
        "",
        "dev/kfd",
        "/sys/class",
        "/sys/devices/pci0000:00",
        "/sys/bus/pci/devices/0000:77:00.0",
        "/sys/class/drm/../net",
    };
    char path[PATH_MAX], slot[64];

    for (size_t i = 0; i < sizeof covered / sizeof covered[0]; i++)
        CHECK(1, sysfs_redirect(covered[i], path));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(2, !sysfs_redirect(others[i], path) || strcmp(path, "/sys/class/net") == 0);
    CHECK(3, !sysfs_redirect(NULL, path));
    snprintf(slot, sizeof slot, "/sys/bus/pci/devices/0000:%02x:00.0",
             soft_machine_describe()->devices[0].pci_bus);
    CHECK(4, sysfs_redirect(slot, path));
    CHECK(5, sysfs_path_restore(path) && strcmp(path, slot) == 0);
    strcpy(path, "/etc/passwd");
    CHECK(6, !sysfs_path_restore(path));
    return 0;
}

static void paths_lead_into_the_tree(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft", check_redirection), 0);
}

static int check_placeholders(void)
{
    char path[PATH_MAX];
    struct stat st;
    const struct sysfs_node *node;

    CHECK(1, sysfs_redirect("/dev/dri/renderD128", path) && stat(path, &st) == 0);
    CHECK(2, (node = sysfs_node_find(&st)) && node->major == 226 && node->minor == 128);
    sysfs_node_stat(node, &st);
    CHECK(3, S_ISCHR(st.st_mode) && st.st_rdev == makedev(226, 128));
    CHECK(4, sysfs_node_path(&st, path, sizeof path) && strcmp(path, "/dev/dri/renderD128") == 0);
    CHECK(5, sysfs_redirect("/sys/class/drm/version", path) && stat(path, &st) == 0);
    CHECK(6, !sysfs_node_find(&st) && (st.st_mode & 07777) == 0444);
    CHECK(7, sysfs_redirect("/dev/dri/renderD129", path) && stat(path, &st) < 0);
    return 0;
}

static void device_nodes_are_known_by_inode(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft", check_placeholders), 0);
}

/* ---- content ---- */

/* What libhsakmt demands: one "%s %llu\n" a line, up to a cache's map. Returns the number of lines,
 * 0 if malformed. */
static unsigned parse_properties(const char *path)
{
    const char *at = content(path);
    char name[256];
    unsigned long long value;
    unsigned count = 0;
    int used = 0;

    while (sscanf(at, "%255s %llu\n%n", name, &value, &used) == 2) {
        if (strcmp(name, "sibling_map") == 0)
            break;
        at += used;
        count++;
    }
    return *at == '\0' || strncmp(at, "sibling_map ", 12) == 0 ? count : 0;
}

static int check_topology(void)
{
    const struct soft_machine *machine = soft_machine_describe();
    const struct soft_device *device = &machine->devices[0];
    const struct gpu_profile *gpu = device->profile;
    char node[128], path[192];
    unsigned cpus = soft_host()->node_count;

    CHECK(1, strtoul(content(TOPOLOGY "/generation_id"), NULL, 10) > 0);
    CHECK(2, parse_properties(TOPOLOGY "/system_properties") == 3);
    CHECK(3, parse_properties(TOPOLOGY "/nodes/0/properties") == 32);
    CHECK(4, strcmp(content(TOPOLOGY "/nodes/0/gpu_id"), "0\n") == 0);
    CHECK(5, property(TOPOLOGY "/nodes/0/properties", "cpu_cores_count") > 0);
    CHECK(6, property(TOPOLOGY "/nodes/0/properties", "simd_count") == 0);
    CHECK(7, property(TOPOLOGY "/nodes/0/mem_banks/0/properties", "size_in_bytes") > 1u << 20);

    snprintf(node, sizeof node, TOPOLOGY "/nodes/%u", cpus);
    snprintf(path, sizeof path, "%s/gpu_id", node);
    CHECK(8, strtoul(content(path), NULL, 10) == device->gpu_id);
    snprintf(path, sizeof path, "%s/name", node);
    CHECK(9, strcmp(content(path), "sienna_cichlid\n") == 0);
    snprintf(path, sizeof path, "%s/properties", node);
    CHECK(10, parse_properties(path) == 40);
    CHECK(11, strlen(content(path)) < 4096); /* the thunk reads one page */
    CHECK(12, property(path, "simd_count") == 2 * gpu->active_cus);
    CHECK(13, property(path, "gfx_target_version") == 100300);
    CHECK(14, property(path, "drm_render_minor") == 128);
    CHECK(15, property(path, "location_id") == device->pci_bus << 8);
    CHECK(16, (property(path, "capability") >> 12 & 3) == 2);
    CHECK(17, property(path, "io_links_count") == 1);
    CHECK(18, property(path, "p2p_links_count") == cpus - 1);
    snprintf(path, sizeof path, "%s/mem_banks/0/properties", node);
    CHECK(19, property(path, "size_in_bytes") == gpu->vram_bytes);
    CHECK(20, property(path, "heap_type") == 1);
    snprintf(path, sizeof path, "%s/io_links/0/properties", node);
    CHECK(21, parse_properties(path) == 13);
    CHECK(22, property(path, "node_from") == cpus && property(path, "node_to") == 0);
    CHECK(23, property(path, "type") == 2);
    return 0;
}

static void the_topology_parses(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft:gfx1030", check_topology), 0);
}

/* Every active compute unit has one vector cache; the counts agree with the folder. */
static int check_caches(void)
{
    const struct gpu_profile *gpu = soft_machine_describe()->devices[0].profile;
    unsigned node = soft_host()->node_count, vector = 0, units_in_gl1 = 0;
    char path[192];

    snprintf(path, sizeof path, TOPOLOGY "/nodes/%u/properties", node);
    unsigned count = (unsigned)property(path, "caches_count");
    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof path, TOPOLOGY "/nodes/%u/caches/%u/properties", node, i);
        CHECK(1, parse_properties(path) == 8);
        bool l1 = property(path, "level") == 1;
        if (l1 && property(path, "size") == gpu->l1_vector_kib &&
            property(path, "cache_line_size") == 128)
            vector++;
        if (l1 && property(path, "size") == gpu->gl1_kib)
            for (const char *at = strstr(content(path), "sibling_map "); *at; at++)
                units_in_gl1 += *at == '1';
    }
    CHECK(2, vector == gpu->active_cus);
    CHECK(3, units_in_gl1 == gpu->active_cus);
    snprintf(path, sizeof path, TOPOLOGY "/nodes/%u/caches/%u/properties", node, count);
    CHECK(4, content(path)[0] == '\0');
    return 0;
}

static void caches_cover_the_active_units(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft", check_caches), 0);
}

static int check_two_gpus(void)
{
    const struct soft_machine *machine = soft_machine_describe();
    unsigned first = machine->devices[0].kfd_node, second = machine->devices[1].kfd_node;
    char path[192];

    CHECK(1, machine->device_count == 2 && second == first + 1);
    CHECK(2, machine->devices[0].gpu_id != machine->devices[1].gpu_id);
    snprintf(path, sizeof path, TOPOLOGY "/nodes/%u/properties", second);
    CHECK(3, property(path, "drm_render_minor") == 129);
    CHECK(4, property(path, "p2p_links_count") == soft_host()->node_count);
    CHECK(5, property(TOPOLOGY "/nodes/0/properties", "io_links_count") ==
                 1 + soft_host()->node_count);
    CHECK(6, content("/sys/class/drm/card1/device/uevent")[0]);
    CHECK(7, !content("/sys/class/drm/card2/device/uevent")[0]);
    snprintf(path, sizeof path, "%u\n", machine->devices[1].gpu_id);
    CHECK(8, machine->devices[1].pci_bus == machine->devices[0].pci_bus + 1);
    return 0;
}

static void several_gpus_have_nodes_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft:gfx1030,gfx1030", check_two_gpus), 0);
}

static int check_live(void)
{
    char text[64] = "";
    bool live;
    int fd = sysfs_live_open("/proc/modules", O_RDONLY | O_CLOEXEC, &live);

    CHECK(1, live && fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(2, read(fd, text, sizeof text - 1) > 0 && strncmp(text, "amdgpu ", 7) == 0);
    fd = sysfs_live_open("/sys/class/drm/card0/device/mem_info_vram_used", O_RDONLY, &live);
    memset(text, 0, sizeof text);
    CHECK(3, live && read(fd, text, sizeof text - 1) > 0 && strcmp(text, "0\n") == 0);
    CHECK(4, sysfs_live_open("/proc/modules", O_WRONLY, &live) < 0 && live && errno == EACCES);
    CHECK(5, sysfs_live_open("/sys/class/drm/card0/device/vendor", O_RDONLY, &live) < 0 && !live);
    CHECK(6, sysfs_live_open("/tmp/mem_info_vram_used", O_RDONLY, &live) < 0 && !live);
    return 0;
}

static bool live_is(const char *path, const char *expected)
{
    char text[128] = "";
    bool live;
    int fd = sysfs_live_open(path, O_RDONLY | O_CLOEXEC, &live);
    bool equal =
        fd >= 0 && live && read(fd, text, sizeof text - 1) > 0 && strcmp(text, expected) == 0;

    if (fd >= 0)
        close(fd);
    return equal;
}

#define RESET_MASK(engine) "/sys/class/drm/card0/device/" engine "_reset_mask"

static int check_reset_masks(void)
{
    const bool has_them = soft_machine_describe()->kernel->reset_masks;

    CHECK(1, strcmp(content(RESET_MASK("gfx")), has_them ? "soft queue full \n" : "") == 0);
    CHECK(2, strcmp(content(RESET_MASK("compute")), has_them ? "soft queue full \n" : "") == 0);
    CHECK(3, strcmp(content(RESET_MASK("sdma")), has_them ? "queue full \n" : "") == 0);
    return has_them ? 100 : 0;
}

/* They came with Linux 6.13. */
static void kernels_have_reset_masks_or_not(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft", check_reset_masks), 0);
    setenv("ROCWELD_KERNEL", "7.2", 1);
    assert_int_equal(in_child("soft", check_reset_masks), 100);
    unsetenv("ROCWELD_KERNEL");
}

static int check_debugfs(void)
{
    struct mem_bo_desc desc = {.size = 1 << 20, .domains = MEM_DOMAIN_VRAM};
    char path[PATH_MAX];
    struct mem_bo *bo;

    /* Nothing was opened yet, so there is nothing to move. */
    CHECK(1, live_is("/sys/kernel/debug/dri/0/amdgpu_evict_vram", "0\n"));
    CHECK(13, live_is("/sys/kernel/debug/dri/128/amdgpu_gpu_recover", "0\n"));
    CHECK(2, sysfs_redirect("/sys/kernel/debug/dri/128/name", path) && access(path, R_OK) == 0);
    CHECK(3, soft_machine() != NULL);
    CHECK(4, rw_ok(mem_bo_create(soft_machine()->devices[0].heaps, &desc, "test", &bo)));
    CHECK(5, live_is("/sys/kernel/debug/dri/0/amdgpu_gtt_mm", "") == false);
    CHECK(6, live_is("/sys/kernel/debug/dri/7/amdgpu_evict_vram", "0\n") == false);
    CHECK(7, bo->placement == MEM_DOMAIN_VRAM);
    CHECK(8, live_is("/sys/kernel/debug/dri/128/amdgpu_evict_vram", "0\n"));
    CHECK(9, bo->placement == MEM_DOMAIN_GTT);
    CHECK(10, live_is("/sys/class/drm/card0/device/mem_info_gtt_used", "1048576\n"));
    CHECK(11, live_is("/sys/kernel/debug/dri/0/amdgpu_evict_gtt", "0\n"));
    CHECK(12, bo->placement == MEM_DOMAIN_CPU);
    mem_bo_put(bo);
    return 0;
}

static void debugfs_moves_memory(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft", check_debugfs), 0);
}

static void some_files_are_made_when_opened(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft", check_live), 0);
}

static int check_no_machine(void)
{
    char path[PATH_MAX];

    /* one line on stderr is expected */
    freopen("/dev/null", "w", stderr);
    CHECK(1, !sysfs_redirect("/dev/kfd", path));
    CHECK(2, !sysfs_redirect("/sys/class/drm", path));
    return 0;
}

static void a_bad_configuration_shows_the_real_system(void **state)
{
    (void)state;
    assert_int_equal(in_child("soft:gfx9999", check_no_machine), 0);
}

/* ---- manifests and trees ---- */

static void small_manifest(struct manifest *manifest)
{
    *manifest = (struct manifest){0};
    manifest_file(manifest, "/sys/a/b/file", "%d\n", 7);
    manifest_link(manifest, "/sys/a/link", "/sys/c/d");
    manifest_directory(manifest, "/sys/c/d");
    manifest_device(manifest, "/dev/node", 1, 2);
}

static void links_are_relative(void **state)
{
    struct manifest manifest = {0};

    (void)state;
    manifest_link(&manifest, "/sys/class/drm/card0", "/sys/devices/pci/drm/card0");
    manifest_link(&manifest, "/a/b", "/a/c");
    assert_string_equal(manifest.entries[0].content, "../../devices/pci/drm/card0");
    assert_string_equal(manifest.entries[1].content, "c");
    manifest_finish(&manifest);
}

static void trees_are_made_once_and_repaired(void **state)
{
    struct manifest manifest;
    char root[PATH_MAX], again[PATH_MAX], path[PATH_MAX + 32], target[64] = "";
    struct stat st, before;

    (void)state;
    small_manifest(&manifest);
    assert_true(rw_ok(tree_publish(&manifest, root)));
    snprintf(path, sizeof path, "%s/sys/a/link", root);
    assert_true(readlink(path, target, sizeof target - 1) > 0);
    assert_string_equal(target, "../c/d");
    snprintf(path, sizeof path, "%s/sys/a/b/file", root);
    assert_int_equal(stat(path, &before), 0);

    assert_true(rw_ok(tree_publish(&manifest, again)));
    assert_string_equal(root, again);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_ino, before.st_ino); /* found, not made again */

    assert_int_equal(unlink(path), 0); /* a sweep of /tmp */
    assert_true(rw_ok(tree_publish(&manifest, again)));
    assert_string_equal(root, again);
    assert_int_equal(stat(path, &st), 0);

    manifest_file(&manifest, "/sys/more", "x");
    assert_true(rw_ok(tree_publish(&manifest, again)));
    assert_string_not_equal(root, again);
    manifest_finish(&manifest);
}

static void processes_race_for_one_tree(void **state)
{
    enum { RACERS = 8 };
    struct manifest manifest;
    char cache[PATH_MAX], path[32];
    int status;

    (void)state;
    small_manifest(&manifest);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "/sys/race/%d", i);
        manifest_file(&manifest, path, "x");
    }
    for (int i = 0; i < RACERS; i++)
        if (fork() == 0) {
            char root[PATH_MAX];
            _exit(rw_ok(tree_publish(&manifest, root)) ? 0 : 1);
        }
    for (int i = 0; i < RACERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    manifest_finish(&manifest);
    /* nothing half-made is left behind */
    assert_true(rw_ok(tree_cache_folder(cache)));
    DIR *directory = opendir(cache);
    for (struct dirent *entry; (entry = readdir(directory));)
        assert_true(entry->d_name[0] != '.' || strlen(entry->d_name) < 3);
    closedir(directory);
}

static void a_folder_open_to_others_is_refused(void **state)
{
    char cache[PATH_MAX];

    (void)state;
    assert_true(rw_ok(tree_cache_folder(cache)));
    assert_int_equal(chmod(cache, 0755), 0);
    assert_int_equal(tree_cache_folder(cache).err, EACCES);
    assert_int_equal(chmod(cache, 0700), 0);
    assert_true(rw_ok(tree_cache_folder(cache)));
}

static int make_runtime_folder(void **state)
{
    (void)state;
    if (!mkdtemp(runtime))
        return -1;
    return setenv("XDG_RUNTIME_DIR", runtime, 1);
}

static int remove_runtime_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", runtime);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_into_the_tree),
        cmocka_unit_test(device_nodes_are_known_by_inode),
        cmocka_unit_test(the_topology_parses),
        cmocka_unit_test(caches_cover_the_active_units),
        cmocka_unit_test(several_gpus_have_nodes_of_their_own),
        cmocka_unit_test(some_files_are_made_when_opened),
        cmocka_unit_test(debugfs_moves_memory),
        cmocka_unit_test(kernels_have_reset_masks_or_not),
        cmocka_unit_test(a_bad_configuration_shows_the_real_system),
        cmocka_unit_test(links_are_relative),
        cmocka_unit_test(trees_are_made_once_and_repaired),
        cmocka_unit_test(processes_race_for_one_tree),
        cmocka_unit_test(a_folder_open_to_others_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_runtime_folder, remove_runtime_folder);
}
