/* SPDX-License-Identifier: MIT
 *
 * Vulkan's view, and whether ROCm in the same process gets the same VM. All in a child process:
 * drivers leave threads, files and environment behind. The child is made before this process
 * touches a device, and what it finds is printed later.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmt-shim/include/kmt-shim.h"
#include "tools/rocweld/info.h"

#ifdef ROCWELD_HAS_VULKAN
#include <vulkan/vulkan.h>
#endif

enum { VENDOR_AMD = 0x1002, GPUS_MAX = 16, NO_MINOR = 0, PROBE_FAILED = 255 };

/* ---- in the child ---- */

/* ROCm beside whatever graphics the process has. */
static bool start_rocm(void)
{
    void *library = dlopen("libhsa-runtime64.so.1", RTLD_NOW | RTLD_GLOBAL);
    int (*init)(void);

    if (!library) {
        info_row("one VM", "not asked: no HSA runtime (sudo apt install libhsa-runtime64-1)");
        return false;
    }
    *(void **)&init = dlsym(library, "hsa_init");
    if (init && init() == 0)
        return true;
    info_row("one VM", "not asked: hsa_init fails");
    return false;
}

static void print_policy(enum kmt_shim_policy policy)
{
    static const char *const words[] = {"auto", "require", "off"};

    info_row("sharing", "ROCWELD_SHARE=%s", words[policy]);
}

static void print_vm(unsigned render_minor)
{
    enum kmt_shim_policy (*policy_get)(void);
    int (*query)(unsigned render_minor, struct kmt_shim_vm *out_vm);
    static const char *const sources[] = {"nobody's", "the program's", "Vulkan's", "the thunk's"};
    struct kmt_shim_vm vm = {0};

    *(void **)&policy_get = dlsym(RTLD_DEFAULT, "kmt_shim_policy_get");
    *(void **)&query = dlsym(RTLD_DEFAULT, "kmt_shim_vm_query");
    if (!policy_get || !query) {
        info_row("one VM", "no: ROCWELD_SHARE=off, or the shim is not loaded (`rocweld run`)");
        return;
    }
    print_policy(policy_get());
    if (policy_get() == KMT_SHIM_OFF) {
        info_row("one VM", "no: sharing is off (ROCWELD_SHARE)");
    } else if (start_rocm()) {
        int error = query(render_minor, &vm);

        if (error == 0 && vm.acquired && vm.source != KMT_SHIM_NONE)
            info_row("one VM", "yes: ROCm uses that of %s file", sources[vm.source]);
        else
            info_row("one VM", "no: Vulkan and ROCm have a VM each; a KFD from 1.15 on (Linux 6.6) "
                               "shares, an older one with ROCWELD_SHARE=require");
    }
}

#ifdef ROCWELD_HAS_VULKAN
#define VULKAN_FUNCTIONS(X)                                                                        \
    X(vkCreateInstance)                                                                            \
    X(vkEnumeratePhysicalDevices)                                                                  \
    X(vkGetPhysicalDeviceProperties2)

static struct {
#define VULKAN_POINTER(name) PFN_##name name;
    VULKAN_FUNCTIONS(VULKAN_POINTER)
#undef VULKAN_POINTER
} vulkan;

static const char *load_vulkan(void)
{
    void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return "no loader (sudo apt install libvulkan1 mesa-vulkan-drivers)";
#define VULKAN_LOAD(name)                                                                          \
    *(void **)&vulkan.name = dlsym(library, #name);                                                \
    if (!vulkan.name)                                                                              \
        return "the loader is too old for Vulkan 1.1";
    VULKAN_FUNCTIONS(VULKAN_LOAD)
#undef VULKAN_LOAD
    return NULL;
}

/* The minor of its render node. */
static unsigned print_physical(VkPhysicalDevice physical)
{
    VkPhysicalDeviceDrmPropertiesEXT drm = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT};
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, .pNext = &drm};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                       .pNext = &driver};
    uint32_t api;

    vulkan.vkGetPhysicalDeviceProperties2(physical, &all);
    if (all.properties.vendorID != VENDOR_AMD)
        return NO_MINOR;
    api = all.properties.apiVersion;
    info_heading("  %s", all.properties.deviceName);
    info_row("driver", "%s, %s", driver.driverName, driver.driverInfo);
    info_row("Vulkan", "%u.%u.%u", VK_API_VERSION_MAJOR(api), VK_API_VERSION_MINOR(api),
             VK_API_VERSION_PATCH(api));
    if (drm.hasRender)
        info_row("nodes", "/dev/dri/renderD%d%s", (int)drm.renderMinor,
                 drm.hasPrimary ? " and a primary node" : ", no primary node");
    return drm.hasRender ? (unsigned)drm.renderMinor : NO_MINOR;
}

/* GPUs that were found. */
static int print_vulkan(void)
{
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .apiVersion = VK_API_VERSION_1_2};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application};
    VkPhysicalDevice physical[GPUS_MAX];
    unsigned minors[GPUS_MAX];
    const char *obstacle = load_vulkan();
    uint32_t count = GPUS_MAX;
    VkInstance instance;
    int gpus = 0;

    info_heading("Vulkan%s%s", obstacle ? ": " : "", obstacle ? obstacle : "");
    if (obstacle)
        return 0;
    if (vulkan.vkCreateInstance(&info, NULL, &instance) != VK_SUCCESS ||
        vulkan.vkEnumeratePhysicalDevices(instance, &count, physical) < 0)
        count = 0;
    for (uint32_t i = 0; i < count; i++) {
        unsigned minor = print_physical(physical[i]);
        if (minor != NO_MINOR)
            minors[gpus++] = minor;
    }
    if (gpus == 0)
        info_heading("  no driver shows an AMD GPU (sudo apt install mesa-vulkan-drivers)");
    else
        print_vm(minors[0]);
    return gpus;
}
#else
static int print_vulkan(void)
{
    info_heading("Vulkan: rocweld was built without libvulkan-dev, and does not ask");
    (void)print_vm;
    return 0;
}
#endif

/* ---- in the parent ---- */

void info_vulkan_start(struct info_probe *out_probe)
{
    int ends[2];

    *out_probe = (struct info_probe){.pid = -1};
    fflush(stdout);
    if (pipe(ends) != 0)
        return;
    out_probe->pid = fork();
    if (out_probe->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        int gpus = print_vulkan();
        fflush(stdout);
        _exit(gpus);
    }
    close(ends[1]);
    if (out_probe->pid < 0)
        close(ends[0]);
    else
        out_probe->output = fdopen(ends[0], "r");
}

int info_print_vulkan(struct info_probe *probe)
{
    char text[512];
    int status = 0;

    if (!probe->output) {
        info_heading("Vulkan: a child process cannot be started");
        return -1;
    }
    while (fgets(text, sizeof text, probe->output))
        fputs(text, stdout);
    fclose(probe->output);
    waitpid(probe->pid, &status, 0);
    if (WIFSIGNALED(status)) {
        info_heading("  the driver ends the program: %s", strsignal(WTERMSIG(status)));
        return -1;
    }
    return WEXITSTATUS(status);
}
