/* SPDX-License-Identifier: MIT
 *
 * The DRM core's own ioctls, and who is master. Kernel: drm_ioctl.c, drm_auth.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

#define DRIVER_MAJOR 3

#define IF_MAJOR     1 /* of the DRM core's own interface */
#define IF_MINOR     4

/* ---- VERSION ---- */

/* Copies what fits, and reports the full length. */
static rw_status copy_field(char *user, size_t *length, const char *value)
{
    size_t full = strlen(value), part = full < *length ? full : *length;

    *length = full;
    return part && user ? front_copy_out((uintptr_t)user, value, part) : RW_OK;
}

rw_status drm_ioctl_version(void *context, void *argument)
{
    const struct drm_fpriv *fpriv = context;
    struct drm_version *version = argument;
    /* The date went when drivers stopped keeping one (6.12). */
    const char *date = fpriv->machine->kernel->drm_minor >= 61 ? "0" : "20150101";

    version->version_major = DRIVER_MAJOR;
    version->version_minor = (int)fpriv->machine->kernel->drm_minor;
    version->version_patchlevel = 0;
    RW_TRY(copy_field(version->name, &version->name_len, "amdgpu"));
    RW_TRY(copy_field(version->date, &version->date_len, date));
    return copy_field(version->desc, &version->desc_len, "AMD GPU");
}

rw_status drm_ioctl_set_version(void *context, void *argument)
{
    const struct drm_fpriv *fpriv = context;
    struct drm_set_version *asked = argument;
    struct drm_set_version have = {IF_MAJOR, IF_MINOR, DRIVER_MAJOR,
                                   (int)fpriv->machine->kernel->drm_minor};
    bool core_ok =
        asked->drm_di_major == -1 || (asked->drm_di_major == IF_MAJOR && asked->drm_di_minor >= 0 &&
                                      asked->drm_di_minor <= IF_MINOR);
    bool driver_ok = asked->drm_dd_major == -1 ||
                     (asked->drm_dd_major == DRIVER_MAJOR && asked->drm_dd_minor >= 0 &&
                      asked->drm_dd_minor <= have.drm_dd_minor);

    *asked = have;
    return core_ok && driver_ok ? RW_OK : rw_status_quiet(EINVAL);
}

rw_status drm_ioctl_get_unique(void *context, void *argument)
{
    const struct soft_device *device = ((struct drm_fpriv *)context)->device;
    struct drm_unique *unique = argument;
    char name[40];
    size_t length = (size_t)snprintf(name, sizeof name, "pci:%04x:%02x:%02x.%u", device->pci_domain,
                                     device->pci_bus, device->pci_device, device->pci_function);
    rw_status s = RW_OK;

    if (unique->unique_len >= length)
        s = front_copy_out((uintptr_t)unique->unique, name, length);
    if (rw_ok(s))
        unique->unique_len = length;
    return s;
}

/* ---- SET_CLIENT_NAME ---- */

/* Shown by fdinfo, of which there is none here; logged instead. */
rw_status drm_ioctl_set_client_name(void *context, void *argument)
{
    const struct drm_fpriv *fpriv = context;
    const struct drm_uapi_set_client_name *args = argument;
    char name[DRM_UAPI_CLIENT_NAME_MAX + 1] = "";

    if (args->name_len > DRM_UAPI_CLIENT_NAME_MAX)
        return RW_FAIL(EINVAL, "a client's name of %llu bytes, %u is the most",
                       (unsigned long long)args->name_len, DRM_UAPI_CLIENT_NAME_MAX);
    RW_TRY(front_copy_in(name, args->name, args->name_len));
    for (uint64_t i = 0; i < args->name_len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return RW_FAIL(EINVAL, "byte %llu of a client's name is no visible character",
                           (unsigned long long)i);
    rw_debug(drm, "gpu %u: a client's name is \"%s\"", fpriv->device->index, name);
    return RW_OK;
}

/* ---- capabilities ---- */

rw_status drm_ioctl_get_cap(void *context, void *argument)
{
    struct drm_get_cap *cap = argument;

    (void)context;
    cap->value = 0;
    switch (cap->capability) {
    case DRM_CAP_TIMESTAMP_MONOTONIC:
    case DRM_CAP_SYNCOBJ:
    case DRM_CAP_SYNCOBJ_TIMELINE:
        cap->value = 1;
        return RW_OK;
    case DRM_CAP_PRIME:
        cap->value = DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;
        return RW_OK;
    default:
        /* All others are about displays, of which this GPU has none. */
        return rw_status_quiet(EOPNOTSUPP);
    }
}

rw_status drm_ioctl_set_client_cap(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return rw_status_quiet(EOPNOTSUPP); /* without a display there is none to set */
}

rw_status drm_ioctl_no_modeset(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return RW_FAIL(EOPNOTSUPP, "the software GPU has no display engine");
}

/* amdgpu sets up mode setting on every GPU (amdgpu_device_init()), and where there is no display
 * engine its lists stay empty. Vulkan's loader tools take an error here for a fatal one. */
rw_status drm_ioctl_mode_getresources(void *context, void *argument)
{
    struct drm_mode_card_res *resources = argument;

    (void)context;
    resources->count_fbs = resources->count_crtcs = 0;
    resources->count_connectors = resources->count_encoders = 0;
    resources->min_width = resources->max_width = 0;
    resources->min_height = resources->max_height = 0;
    return RW_OK;
}

rw_status drm_ioctl_mode_getplaneresources(void *context, void *argument)
{
    struct drm_mode_get_plane_res *planes = argument;

    (void)context;
    planes->count_planes = 0;
    return RW_OK;
}

rw_status drm_ioctl_nothing(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return RW_OK; /* drm_noop() in the kernel: kept for ancient clients */
}

rw_status drm_ioctl_invalid(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return rw_status_quiet(EINVAL);
}

rw_status drm_ioctl_get_stats(void *context, void *argument)
{
    (void)context;
    memset(argument, 0, sizeof(struct drm_stats)); /* the kernel clears the struct, no more */
    return RW_OK;
}

/* ---- master and authentication ---- */

/* Of one process's files. A real device's master is one of all processes; each process has
 * software GPUs of its own. */
static pthread_mutex_t auth_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct drm_fpriv *master;
    struct handle_table magics; /* of drm_fpriv */
} auth[SOFT_MAX_DEVICES];

bool drm_auth_is_administrator(void)
{
    return geteuid() == 0;
}

void drm_auth_open(struct drm_fpriv *fpriv)
{
    unsigned i = fpriv->device->index;

    if (fpriv->render)
        return;
    pthread_mutex_lock(&auth_lock);
    if (!auth[i].magics.limit)
        handle_table_init(&auth[i].magics, 1, INT32_MAX);
    fpriv->authenticated = drm_auth_is_administrator();
    if (!auth[i].master) {
        auth[i].master = fpriv;
        fpriv->authenticated = true;
    }
    fpriv->was_master = auth[i].master == fpriv;
    pthread_mutex_unlock(&auth_lock);
}

void drm_auth_close(struct drm_fpriv *fpriv)
{
    unsigned i = fpriv->device->index;

    if (fpriv->render)
        return;
    pthread_mutex_lock(&auth_lock);
    if (auth[i].master == fpriv)
        auth[i].master = NULL;
    if (fpriv->magic)
        handle_table_give_back(&auth[i].magics, fpriv->magic);
    if (!auth[i].magics.count)
        handle_table_finish(&auth[i].magics);
    pthread_mutex_unlock(&auth_lock);
}

bool drm_auth_is_master(struct drm_fpriv *fpriv)
{
    bool is_master;

    pthread_mutex_lock(&auth_lock);
    is_master = auth[fpriv->device->index].master == fpriv;
    pthread_mutex_unlock(&auth_lock);
    return is_master;
}

bool drm_auth_is_authenticated(struct drm_fpriv *fpriv)
{
    bool authenticated;

    pthread_mutex_lock(&auth_lock);
    authenticated = fpriv->authenticated;
    pthread_mutex_unlock(&auth_lock);
    return authenticated;
}

rw_status drm_ioctl_get_magic(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_auth *magic = argument;
    rw_status s = RW_OK;

    pthread_mutex_lock(&auth_lock);
    if (!fpriv->magic)
        s = handle_table_take(&auth[fpriv->device->index].magics, fpriv, &fpriv->magic);
    magic->magic = fpriv->magic;
    pthread_mutex_unlock(&auth_lock);
    return s;
}

rw_status drm_ioctl_auth_magic(void *context, void *argument)
{
    const struct drm_fpriv *fpriv = context;
    const struct drm_auth *magic = argument;
    struct drm_fpriv *other;

    pthread_mutex_lock(&auth_lock);
    other = handle_table_give_back(&auth[fpriv->device->index].magics, magic->magic);
    if (other) {
        other->authenticated = true;
        other->magic = 0;
    }
    pthread_mutex_unlock(&auth_lock);
    if (!other && magic->magic == 0)
        return rw_status_quiet(EINVAL); /* libdrm's drmIsMaster(): EACCES would be a "no" */
    return other ? RW_OK : RW_FAIL(EINVAL, "no file has the magic %u", magic->magic);
}

rw_status drm_ioctl_get_client(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_client *client = argument;

    if (client->idx != 0)
        return rw_status_quiet(EINVAL);
    *client = (struct drm_client){
        .auth = drm_auth_is_authenticated(fpriv),
        .pid = (unsigned long)getpid(),
        .uid = 65534, /* the kernel's overflowuid */
    };
    return RW_OK;
}

/* Kernel: drm_master_check_perm(): root, or who was master once. */
static rw_status may_change_master(const struct drm_fpriv *fpriv)
{
    if (fpriv->was_master || drm_auth_is_administrator())
        return RW_OK;
    return RW_FAIL(EACCES, "only root and former masters may");
}

rw_status drm_ioctl_set_master(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    unsigned i = fpriv->device->index;
    rw_status s = RW_OK;

    (void)argument;
    RW_TRY(may_change_master(fpriv));
    pthread_mutex_lock(&auth_lock);
    if (!auth[i].master) {
        auth[i].master = fpriv;
        fpriv->was_master = fpriv->authenticated = true;
    } else if (auth[i].master != fpriv) {
        s = rw_status_quiet(EBUSY);
    }
    pthread_mutex_unlock(&auth_lock);
    return s;
}

rw_status drm_ioctl_drop_master(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    unsigned i = fpriv->device->index;
    rw_status s = RW_OK;

    (void)argument;
    RW_TRY(may_change_master(fpriv));
    pthread_mutex_lock(&auth_lock);
    if (auth[i].master == fpriv)
        auth[i].master = NULL;
    else
        s = rw_status_quiet(EINVAL);
    pthread_mutex_unlock(&auth_lock);
    return s;
}
