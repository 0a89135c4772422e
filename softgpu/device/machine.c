/* SPDX-License-Identifier: MIT */
#include "softgpu/device/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/device/host.h"

#define MIN_VRAM_BYTES (UINT64_C(256) << 20)
#define MAX_VRAM_BYTES (UINT64_C(1) << 40)
#define MAX_THREADS    1024
#define MAX_CUS        1024
/* The root bus that carries the GPUs: high, where real machines seldom have one. */
#define FIRST_ROOT_BUS 0xc0
#define LAST_ROOT_BUS  0xe0
#define UNIQUE_ID_BASE UINT64_C(0x726f637700000000) /* "rocw" */

static struct {
    pthread_mutex_t lock;
    struct soft_machine *machine;
    int failure; /* errno number: there will be no machine; 0 = there may be */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the environment ---- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* "512M", "16G", "1073741824". */
static rw_status parse_size(const char *text, uint64_t *out_bytes)
{
    static const struct {
        char suffix;
        unsigned shift;
    } units[] = {{'K', 10}, {'M', 20}, {'G', 30}, {'T', 40}};
    char *end;
    unsigned shift = 0;

    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end != text && (*end == units[i].suffix || *end == units[i].suffix + 'a' - 'A')) {
            shift = units[i].shift;
            end++;
            break;
        }
    }
    if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0)
        end += strlen(end);
    if (end == text || *end || *text == '-' || errno || number > UINT64_MAX >> shift)
        return RW_FAIL(EINVAL, "\"%s\" is not a size; write 512M or 8G", text);
    *out_bytes = (uint64_t)number << shift;
    return RW_OK;
}

rw_status soft_vram_parse(const char *text, uint64_t *out_bytes)
{
    RW_TRY(parse_size(text, out_bytes));
    if (*out_bytes < MIN_VRAM_BYTES || *out_bytes > MAX_VRAM_BYTES)
        return RW_FAIL(EINVAL, "\"%s\" is not a size between 256M and 1T", text);
    *out_bytes &= ~UINT64_C(0x1fffff); /* whole 2 MiB pages */
    return RW_OK;
}

rw_status soft_cus_parse(const char *text, unsigned *out_cus)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (end == text || *end || *text == '-' || number == 0 || number % 2 || number > MAX_CUS)
        return RW_FAIL(EINVAL, "\"%s\" is not an even number of compute units from 2 on", text);
    *out_cus = (unsigned)number;
    return RW_OK;
}

/* The same failure, with the variable that it is about in front. */
static rw_status blame(const char *variable, rw_status status)
{
    char reason[192];

    if (rw_ok(status))
        return status;
    /* The next failure's message is written over this one's. */
    snprintf(reason, sizeof reason, "%s", rw_status_message(status, NULL));
    return RW_FAIL(EINVAL, "%s: %s", variable, reason);
}

static rw_status environment_vram(uint64_t *out_bytes)
{
    const char *text = environment("ROCWELD_VRAM");

    *out_bytes = 0;
    return text ? blame("ROCWELD_VRAM", soft_vram_parse(text, out_bytes)) : RW_OK;
}

static rw_status environment_cus(unsigned *out_cus)
{
    const char *text = environment("ROCWELD_CUS");

    *out_cus = 0;
    return text ? blame("ROCWELD_CUS", soft_cus_parse(text, out_cus)) : RW_OK;
}

static rw_status environment_kernel(const struct kernel_profile **out_kernel)
{
    const char *name = environment("ROCWELD_KERNEL");
    char known[64] = "";

    *out_kernel = name ? kernel_profile_find(name) : kernel_profile_default();
    if (*out_kernel)
        return RW_OK;
    for (unsigned i = 0; kernel_profile_at(i); i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), " %s",
                 kernel_profile_at(i)->name);
    return RW_FAIL(EINVAL, "ROCWELD_KERNEL=%s: no such kernel profile; known are%s", name, known);
}

static rw_status environment_threads(unsigned *out_threads)
{
    const char *text = environment("ROCWELD_THREADS");
    cpu_set_t allowed;
    char *end;

    if (!text) {
        bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
        *out_threads = known ? (unsigned)CPU_COUNT(&allowed) : (unsigned)get_nprocs();
        return RW_OK;
    }
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || number == 0 || number > MAX_THREADS)
        return RW_FAIL(EINVAL, "ROCWELD_THREADS=%s: give a number from 1 to %d", text, MAX_THREADS);
    *out_threads = (unsigned)number;
    return RW_OK;
}

/* Fills `out_profiles` from "soft[:gfx1030[,gfx1030...]]". */
static rw_status environment_gpus(const struct gpu_profile *out_profiles[SOFT_MAX_DEVICES],
                                  unsigned *out_count)
{
    const char *text = environment("ROCWELD_GPU"), *list = text;
    char name[32];
    unsigned count = 0;

    out_profiles[0] = gpu_profile_at(0);
    *out_count = 1;
    if (!text || strcmp(text, "soft") == 0)
        return RW_OK;
    if (strncmp(text, "soft:", 5) != 0)
        return RW_FAIL(EINVAL, "ROCWELD_GPU=%s: write soft, or soft:gfx1030[,gfx1030...]", text);
    for (list += 4; *list; list += strcspn(list, ",")) {
        size_t length = strcspn(++list, ",");
        if (count == SOFT_MAX_DEVICES)
            return RW_FAIL(EINVAL, "ROCWELD_GPU=%s: at most %d GPUs", text, SOFT_MAX_DEVICES);
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        out_profiles[count] = gpu_profile_find(name);
        if (!out_profiles[count++])
            return RW_FAIL(EINVAL, "ROCWELD_GPU=%s: no profile for a GPU \"%s\"", text, name);
    }
    *out_count = count;
    return RW_OK;
}

/* ---- devices ---- */

/* A host bridge number that the real machine does not use. By system call, because access() is
 * interposed where this code runs. */
static uint32_t root_bus_choose(void)
{
    for (uint32_t bus = FIRST_ROOT_BUS; bus < LAST_ROOT_BUS; bus += SOFT_MAX_DEVICES + 1) {
        char path[64];
        snprintf(path, sizeof path, "/sys/devices/pci0000:%02x", bus);
        if (syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0)
            return bus;
    }
    return FIRST_ROOT_BUS;
}

static uint16_t crc16_byte(uint16_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
    return crc;
}

/* As kfd_generate_gpu_id(): a CRC of what identifies the board and its slot. */
static uint32_t gpu_id_hash(const struct soft_device *device)
{
    const struct gpu_profile *profile = device->profile;
    const uint32_t words[8] = {
        device->pci_device << 3 | device->pci_function,
        profile->pci_subvendor | (uint32_t)profile->pci_subdevice << 16,
        device->pci_domain,
        profile->pci_device,
        device->pci_bus,
        (uint32_t)device->vram_bytes,
        (uint32_t)(device->vram_bytes >> 32),
        1u << 16, /* one XCC, the first */
    };
    uint16_t crc = 0;

    for (size_t i = 0; i < 8; i++)
        for (int byte = 0; byte < 4; byte++)
            crc = crc16_byte(crc, (uint8_t)(words[i] >> 8 * byte));
    return crc;
}

static void gpu_id_assign(struct soft_machine *machine, struct soft_device *device)
{
    uint32_t id = gpu_id_hash(device);

    while (id == 0 || soft_device_by_gpu_id(machine, id))
        id = (id + 1) & 0xffff;
    device->gpu_id = id;
    device->unique_id = UNIQUE_ID_BASE | id;
}

/* amdgpu: GTT may use half of the system's memory (TTM's page limit). */
static uint64_t gtt_size(void)
{
    struct sysinfo info;

    if (sysinfo(&info) != 0)
        return UINT64_C(1) << 30;
    return (uint64_t)info.totalram * info.mem_unit / 2 & ~UINT64_C(0xfff);
}

/* `cus` and `vram_bytes`: 0 for the model's. */
static rw_status device_describe(struct soft_machine *machine, unsigned index,
                                 const struct gpu_profile *model, unsigned cus, uint64_t vram_bytes)
{
    struct soft_device *device = &machine->devices[index];

    device->index = index;
    device->own_profile = *model;
    device->profile = &device->own_profile;
    if (cus)
        RW_TRY(blame("ROCWELD_CUS", gpu_profile_keep_cus(&device->own_profile, cus)));
    device->kfd_node = soft_host()->node_count + index;
    device->card_minor = index;
    device->render_minor = SOFT_RENDER_MINOR_FIRST + index;
    device->pci_root_bus = root_bus_choose();
    device->pci_bus = device->pci_root_bus + 1 + index;
    device->vram_bytes = vram_bytes ? vram_bytes : model->vram_bytes;
    device->gtt_bytes = gtt_size();
    gpu_id_assign(machine, device);
    return RW_OK;
}

static rw_status machine_describe(struct soft_machine **out_machine)
{
    const struct gpu_profile *profiles[SOFT_MAX_DEVICES];
    const struct kernel_profile *kernel;
    unsigned count, cus, threads = 0;
    uint64_t vram_bytes;

    RW_TRY(environment_gpus(profiles, &count));
    RW_TRY(environment_vram(&vram_bytes));
    RW_TRY(environment_cus(&cus));
    RW_TRY(environment_kernel(&kernel));
    RW_TRY(environment_threads(&threads));
    struct soft_machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return RW_FAIL(ENOMEM, "no memory for the machine's description");
    machine->kernel = kernel;
    machine->threads = threads;
    machine->pid = getpid();
    for (unsigned i = 0; i < count; i++) {
        rw_status status = device_describe(machine, i, profiles[i], cus, vram_bytes);
        if (!rw_ok(status)) {
            free(machine);
            return status;
        }
        machine->device_count++;
    }
    *out_machine = machine;
    return RW_OK;
}

rw_status soft_machine_check(void)
{
    struct soft_machine *machine = NULL;

    RW_TRY(machine_describe(&machine));
    free(machine);
    return RW_OK;
}

static rw_status machine_add_memory(struct soft_machine *machine)
{
    for (unsigned i = 0; i < machine->device_count; i++) {
        struct soft_device *device = &machine->devices[i];
        if (!device->heaps)
            RW_TRY(mem_heaps_create(i, device->vram_bytes, device->gtt_bytes, &device->heaps));
    }
    return RW_OK;
}

/* ---- the process's machine ---- */

static void fork_prepare(void)
{
    pthread_mutex_lock(&state.lock);
}

static void fork_parent(void)
{
    pthread_mutex_unlock(&state.lock);
}

/* The parent's machine, its memory and threads do not reach the child; it is left behind. */
static void fork_child(void)
{
    state.machine = NULL;
    state.failure = 0;
    pthread_mutex_init(&state.lock, NULL);
}

static void register_fork_handlers(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static struct soft_machine *machine_get(bool with_memory)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    rw_status status = RW_OK;

    pthread_once(&once, register_fork_handlers);
    pthread_mutex_lock(&state.lock);
    if (!state.machine && !state.failure)
        status = machine_describe(&state.machine);
    if (rw_ok(status) && state.machine && with_memory)
        status = machine_add_memory(state.machine);
    if (!rw_ok(status)) {
        rw_error(base, "no software GPU: %s", rw_status_message(status, NULL));
        state.failure = status.err;
    }
    struct soft_machine *machine = state.failure ? NULL : state.machine;
    int failure = state.failure;
    pthread_mutex_unlock(&state.lock);
    if (!machine)
        errno = failure == EMFILE || failure == ENFILE ? failure : ENODEV;
    return machine;
}

struct soft_machine *soft_machine(void)
{
    return machine_get(true);
}

const struct soft_machine *soft_machine_describe(void)
{
    return machine_get(false);
}

struct soft_device *soft_device_by_gpu_id(struct soft_machine *machine, uint32_t gpu_id)
{
    for (unsigned i = 0; i < machine->device_count; i++)
        if (machine->devices[i].gpu_id == gpu_id)
            return &machine->devices[i];
    return NULL;
}

uint64_t soft_device_clock(const struct soft_device *device)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    unsigned __int128 ns = (unsigned __int128)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return (uint64_t)(ns * device->profile->gpu_counter_khz / 1000000u);
}
