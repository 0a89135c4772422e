/* SPDX-License-Identifier: MIT
 *
 * Secondary contexts: an open file of /dev/kfd with devices, VMs, queues and handles of its own.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"

#define CREATE_PROCESS _IO('K', 0x27)

/* A file with a secondary context; skips the case where kernels have none. */
static int secondary_open(void)
{
    int kfd = kfd_open();

    EXPECT(call(kfd, CREATE_PROCESS, NULL), KERNEL(create_process));
    if (KERNEL(create_process))
        skip("this kernel has no secondary contexts");
    return kfd;
}

void case_a_secondary_context_has_a_vm_of_its_own(void)
{
    int kfd = secondary_open();
    struct session first = session_open(0), second = session_add(kfd, 0);
    struct sdma_queue queue = sdma_open(&second, va_at(0));
    struct buffer here = buffer_make(&first, va_at(1), PAGE, GTT);
    struct buffer there = buffer_make(&second, va_at(1), PAGE, GTT); /* the same address */
    volatile uint32_t *view_here = buffer_mmap(first.drm, &here);
    volatile uint32_t *view_there = buffer_mmap(second.drm, &there);
    uint32_t event;

    EXPECT(call(kfd, CREATE_PROCESS, NULL), EINVAL); /* once is enough */
    EXPECT(acquire(kfd, first.drm, first.gpu->id), EBUSY);
    EXPECT(queue.id, 0); /* its own numbers */
    sdma_store(&queue, va_at(1), 4711);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(view_there, 4711));
    EXPECT(*view_here, 0);
    EXPECT(queue_destroy(first.kfd, queue.id), EINVAL);
    EXPECT(event_create(kfd, KFD_IOC_EVENT_MEMORY, &event), 0);
    sdma_store(&queue, va_at(5), 1);
    sdma_submit(&queue);
    EXPECT(event_wait(kfd, event, 10000, NULL), KFD_IOC_WAIT_RESULT_COMPLETE);

    /* A fault of one stops nothing of the other. */
    struct sdma_queue unharmed = sdma_open(&first, va_at(2));
    sdma_store(&unharmed, here.va, 1);
    sdma_submit(&unharmed);
    EXPECT_TRUE(word_becomes(view_here, 1));
}

void case_a_secondary_context_ends_with_its_file(void)
{
    int kfd = secondary_open(), drm = render_open(0), again;
    struct session second = {.gpu = gpu_at(0), .kfd = kfd, .drm = drm};
    struct buffer buffer;

    EXPECT(acquire(kfd, drm, second.gpu->id), 0);
    sdma_open(&second, va_at(0));
    buffer = buffer_make(&second, va_at(1), MIB(1), VRAM); /* left mapped */
    EXPECT(buffer_free(kfd, buffer.handle), EBUSY);
    close(kfd);
    /* The queue, the memory and the claim on the VM are gone: another context may have it. */
    again = secondary_open();
    for (int i = 0; i < 1000 && acquire(again, drm, second.gpu->id) != 0; i++)
        usleep(10000); /* the kernel ends contexts in a worker */
    EXPECT(acquire(again, drm, second.gpu->id), 0);
    second.kfd = again;
    buffer_make(&second, va_at(1), MIB(1), VRAM);
}

void case_what_is_the_address_spaces_is_the_primarys(void)
{
    int kfd = secondary_open();
    struct session second = session_add(kfd, 0);
    void *memory = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct kfd_ioctl_alloc_memory_of_gpu_args host = {
        .va_addr = va_at(1),
        .size = MIB(1),
        .gpu_id = second.gpu->id,
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | MEMORY_WRITABLE,
        .mmap_offset = (uintptr_t)memory,
    };
    union {
        struct kfd_ioctl_svm_args head;
        char bytes[sizeof(struct kfd_ioctl_svm_args) + sizeof(struct kfd_ioctl_svm_attribute)];
    } svm = {.head = {.start_addr = (uintptr_t)memory,
                      .size = MIB(2),
                      .op = KFD_IOCTL_SVM_OP_SET_ATTR,
                      .nattr = 1}};

    svm.head.attrs[0] = (struct kfd_ioctl_svm_attribute){KFD_IOCTL_SVM_ATTR_GRANULARITY, 9};
    EXPECT(call(kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &host), EOPNOTSUPP);
    EXPECT(call(kfd, _IOWR('K', 0x20, svm), &svm), EOPNOTSUPP);
}
