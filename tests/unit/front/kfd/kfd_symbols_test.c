/* SPDX-License-Identifier: MIT
 *
 * Names for code addresses, with this very program as the code object: its functions are symbols of
 * an ELF image whose load address is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "softgpu/front/kfd/kfd_symbols.h"

static struct link_map object, broken;

/* What the HSA runtime exports. */
extern struct r_debug _amdgpu_r_debug;
__attribute__((visibility("default"))) struct r_debug _amdgpu_r_debug = {.r_state = RT_CONSISTENT};

/* A function to be found, and an object as a kernel descriptor is one. */
int a_function_to_find(int x);
__attribute__((noinline)) int a_function_to_find(int x)
{
    return x * 3 + 1;
}

extern const char a_kernel_descriptor[64] __asm__("a_kernel.kd");
const char a_kernel_descriptor[64] = {1};

static int find_base(struct dl_phdr_info *info, size_t size, void *out_base)
{
    (void)size;
    *(uint64_t *)out_base = info->dlpi_addr; /* the program comes first */
    return 1;
}

static int setup(void **state)
{
    uint64_t base;

    (void)state;
    dl_iterate_phdr(find_base, &base);
    object = (struct link_map){.l_addr = base, .l_name = "file:///proc/self/exe"};
    broken = (struct link_map){
        .l_addr = 0, .l_name = "memory://1#offset=0x10&size=100", .l_next = &object};
    _amdgpu_r_debug.r_map = &broken; /* a bad one before the good one does no harm */
    kfd_symbols_prepare();
    return 0;
}

static const char *name_of(const void *descriptor, const void *pc, unsigned offset)
{
    static char text[256];

    kfd_symbols_describe((uintptr_t)descriptor, pc ? (uintptr_t)pc + offset : 0, text, sizeof text);
    return text;
}

static void functions_are_named_with_an_offset(void **state)
{
    (void)state;
    assert_int_equal(a_function_to_find(1), 4);
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 0), "a_function_to_find+0x0");
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 2), "a_function_to_find+0x2");
}

static void kernels_are_named_by_their_descriptor(void **state)
{
    (void)state;
    assert_string_equal(name_of(a_kernel_descriptor, NULL, 0), "a_kernel");
}

static void the_unknown_has_no_name(void **state)
{
    int on_stack;

    (void)state;
    assert_string_equal(name_of(NULL, NULL, 0), "");
    assert_string_equal(name_of(NULL, &on_stack, 0), "");
    assert_string_equal(name_of(&on_stack, NULL, 0), "");
    _amdgpu_r_debug.r_state = RT_ADD; /* being changed */
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 0), "");
    _amdgpu_r_debug.r_state = RT_CONSISTENT;
}

/* The same image in memory, where compilers at run time leave theirs. */
static void images_in_memory_are_read_too(void **state)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char uri[64];
    struct stat st;

    (void)state;
    assert_int_equal(fstat(fd, &st), 0);
    char *image = malloc((size_t)st.st_size);
    assert_int_equal(pread(fd, image, (size_t)st.st_size, 0), st.st_size);
    close(fd);
    snprintf(uri, sizeof uri, "memory://%d#offset=%p&size=%zu", (int)getpid(), (void *)image,
             (size_t)st.st_size);
    object.l_name = uri;
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 1), "a_function_to_find+0x1");
    memset(image, 0, 64); /* no ELF any more */
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 1), "");
    free(image);
    object.l_name = "file:///proc/self/exe";
}

static void file_names_are_decoded(void **state)
{
    (void)state;
    object.l_name = "file:///proc/%73elf/exe#offset=0&size=1";
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 0), "a_function_to_find+0x0");
    object.l_name = "file:///nowhere/to/be/found";
    assert_string_equal(name_of(NULL, (void *)a_function_to_find, 0), "");
    object.l_name = "file:///proc/self/exe";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_named_with_an_offset),
        cmocka_unit_test(kernels_are_named_by_their_descriptor),
        cmocka_unit_test(the_unknown_has_no_name),
        cmocka_unit_test(images_in_memory_are_read_too),
        cmocka_unit_test(file_names_are_decoded),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, setup, NULL);
}
