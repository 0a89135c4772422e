/* SPDX-License-Identifier: MIT
 *
 * The checks of `rocweld doctor`. A check is a row of DOCTOR_CHECKS and a function that fills a
 * finding; checks do not depend on each other and change nothing on the machine.
 */
#ifndef ROCWELD_TOOLS_DOCTOR_H
#define ROCWELD_TOOLS_DOCTOR_H

enum doctor_verdict {
    DOCTOR_OK,
    DOCTOR_WARN, /* something will not work, the rest will */
    DOCTOR_FAIL, /* nothing will work */
};

struct doctor_finding {
    enum doctor_verdict verdict;
    char text[256]; /* what is so */
    char fix[256];  /* what to do about it; "" = nothing to do */
};

/* function suffix, what it is about */
#define DOCTOR_CHECKS(X)                                                                           \
    X(hardware, "AMD GPU")                                                                         \
    X(kernel, "kernel")                                                                            \
    X(library, "softgpu library")                                                                  \
    X(doorbells, "userfaultfd")                                                                    \
    X(memory, "memory")                                                                            \
    X(processor, "processor")                                                                      \
    X(softgpu, "softgpu devices")                                                                  \
    X(hsa, "HSA runtime")                                                                          \
    X(thunk, "ROCm thunk")                                                                         \
    X(hip, "HIP runtime")                                                                          \
    X(hipcc, "HIP compiler")                                                                       \
    X(mesa, "Mesa drivers")                                                                        \
    X(vulkan, "Vulkan, one VM")                                                                    \
    X(opencl, "OpenCL peer")

#define DOCTOR_DECLARE(name, title) void doctor_check_##name(struct doctor_finding *out_finding);
DOCTOR_CHECKS(DOCTOR_DECLARE)
#undef DOCTOR_DECLARE

void doctor_say(struct doctor_finding *finding, enum doctor_verdict verdict, const char *format,
                ...) __attribute__((format(printf, 3, 4)));
void doctor_advise(struct doctor_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
