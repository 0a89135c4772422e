# SPDX-License-Identifier: MIT
# Read by ctest: the tests of every stack that is installed. Given: source, build (folders),
# rocweld, library_folder.
if(DEFINED ENV{ROCWELD_STACKS})
    set(stacks_folder $ENV{ROCWELD_STACKS})
else()
    set(stacks_folder ${source}/build/stacks)
endif()

set(tests ${source}/tests/stacks)

# stack_test(NAME [TIMEOUT s] [LABEL l] [ENV K=V...] COMMAND words...): `words` start with expect's
# options. They run in the stack, after its programs have been built; those with a label of their own
# need none of these.
function(stack_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT;LABEL" "ENV;COMMAND" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 180)
    endif()
    if(NOT ARG_LABEL)
        set(ARG_LABEL stacks FIXTURES_REQUIRED stack_${stack})
    endif()
    set(environment ROCWELD_GPU=soft ROCWELD_KERNELS=${library_folder}/kernels
                    ROCWELD_SHADERS=${build}/bin/samples/shaders ${ARG_ENV})
    add_test(stack_${stack}_${name} ${tests}/run ${stack} ${build} ${ARG_COMMAND})
    set_tests_properties(stack_${stack}_${name} PROPERTIES LABELS ${ARG_LABEL} SKIP_RETURN_CODE 77
                         TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${environment}")
endfunction()

# stack_programs([WHICH...]): the programs, by the stack's own compilers.
function(stack_programs)
    add_test(stack_${stack}_build ${tests}/run ${stack} ${build} -- ${tests}/build ${source}
             ${programs} ${ARGN})
    set_tests_properties(stack_${stack}_build PROPERTIES LABELS stacks SKIP_RETURN_CODE 77
                         TIMEOUT 600 FIXTURES_SETUP stack_${stack})
endfunction()

function(rocminfo_tests)
    set(gpu --print "Name: +gfx1030" --print "Compute Unit: +72" --print "Wavefront Size: +32"
        --print "amdgcn-amd-amdhsa--gfx1030")
    foreach(kernel 6.1 6.12 7.2)
        stack_test(rocminfo@${kernel} COMMAND ${gpu} -- ${rocweld} run --kernel ${kernel} -- rocminfo)
    endforeach()
    stack_test(trace COMMAND --print "ACQUIRE_VM\\(gpu_id=0x[0-9a-f]+, drm_fd=[0-9]+\\) = 0"
               -- ${rocweld} trace -e ACQUIRE_VM -- rocminfo)
endfunction()

function(hip_tests)
    foreach(name waves math streams host_memory device_malloc cooperative)
        stack_test(${name} COMMAND --print ok -- ${rocweld} run -- ${programs}/${name})
    endforeach()
    stack_test(leaks TIMEOUT 600 COMMAND --print ok -- ${rocweld} run -- ${programs}/leaks)
    stack_test(hello COMMAND --print "lane 3 of block 1" -- ${rocweld} run -- ${programs}/hello)
    stack_test(printf COMMAND --print "^lane 2 of block 1 says hello 1.000 c -5000000000$"
               --print "^warp 127$" -- ${rocweld} run -- ${programs}/printf)
    stack_test(assert COMMAND --signal ABRT --print "first kernel passed"
               --print "assertion .*threadIdx.x < limit.* failed"
               -- ${rocweld} run -- ${programs}/assert)
    stack_test(two_gpus COMMAND -- ${rocweld} run --gpu soft:gfx1030,gfx1030
               -- ${programs}/properties 2)
    stack_test(host_memory_sdma ENV HSA_ENABLE_SDMA=1
               COMMAND --print ok -- ${rocweld} run -- ${programs}/host_memory)
endfunction()

# All of clpeak, part by part, on one WGP: it sizes its work by the compute units. A label of its own,
# because it takes a quarter of an hour on two cores. `name` is a prefix of tests.
function(clpeak_tests name)
    cmake_parse_arguments(ARG "" "" "ENV;OPTIONS" ${ARGN})
    foreach(part global-bandwidth:5 compute-sp:5 compute-hp:5 compute-dp:5 compute-integer:5
            compute-intfast:5 compute-char:5 compute-short:5 transfer-bandwidth:8 kernel-latency:1)
        string(REPLACE ":" ";" words ${part})
        list(GET words 0 option)
        list(GET words 1 rows)
        stack_test(${name}_${option} LABEL clpeak TIMEOUT 1200 ENV ${ARG_ENV}
                   COMMAND --print "^${rows} rows, 0 wrong"
                   -- ${tests}/clpeak ${rows} ${rocweld} run --cus 2 --vram 512M
                   -- clpeak --${option} ${ARG_OPTIONS})
    endforeach()
endfunction()

# ROCm's OpenCL.
set(rocm_opencl OCL_ICD_VENDORS=amdocl64.icd)
function(opencl_tests)
    stack_test(clinfo ENV ${rocm_opencl}
               COMMAND --print "Device Name +gfx1030" --print "Device Available +Yes"
               -- ${rocweld} run -- clinfo)
    stack_test(opencl ENV ${rocm_opencl} COMMAND --print ok
               -- ${rocweld} run -- ${programs}/opencl)
    stack_test(clpeak ENV ${rocm_opencl} COMMAND --print "Kernel launch latency : [0-9.]+ us"
               -- ${rocweld} run -- clpeak --kernel-latency)
    if(stack STREQUAL trixie) # one ROCm's is enough
        clpeak_tests(clpeak ENV ${rocm_opencl})
    endif()
endfunction()

# Mesa's OpenCL on radeonsi: the graphics side's rings, and the same programs.
function(rusticl_tests)
    set(rusticl ENV OCL_ICD_VENDORS=rusticl.icd RUSTICL_ENABLE=radeonsi)
    stack_test(rusticl_clinfo ${rusticl}
               COMMAND --print "Device Name +AMD Radeon RX 6800 XT .radeonsi, navi21"
               --print "Device Available +Yes" -- ${rocweld} run -- clinfo)
    stack_test(rusticl_opencl ${rusticl} COMMAND --print "device .*radeonsi" --print "ok$"
               -- ${rocweld} run -- ${programs}/opencl)
    stack_test(rusticl_clpeak ${rusticl} COMMAND --print "Kernel launch latency : [0-9.]+ us"
               -- ${rocweld} run -- clpeak --kernel-latency)
    # This driver has to be asked for doubles. 10 times of a kernel are enough, instead of 30.
    clpeak_tests(rusticl_clpeak OPTIONS -i 10 ENV OCL_ICD_VENDORS=rusticl.icd
                 RUSTICL_ENABLE=radeonsi RUSTICL_FEATURES=fp64)
endfunction()

# Where the stack has the tests of ggml: each compares an operation on Vulkan with the CPU's.
function(ggml_operation_tests)
    set(program /usr/libexec/x86_64-linux-gnu/llama.cpp-tests/test-backend-ops)
    if(NOT EXISTS ${stacks_folder}/${stack}${program})
        return()
    endif()
    foreach(operation RMS_NORM NORM GELU SILU CPY)
        stack_test(ggml_${operation} TIMEOUT 300
                   COMMAND --print "^  ${operation}.*OK" --print "2/2 backends passed"
                   --not-print "FAIL" -- ${rocweld} run -- ${program} test -b Vulkan0 -o ${operation})
    endforeach()
endfunction()

# What cannot be executed says so, and the program learns that its device is lost.
function(draw_tests)
    if(NOT EXISTS ${stacks_folder}/${stack}/usr/lib/x86_64-linux-gnu/vkmark/headless.so)
        return()
    endif()
    stack_test(vkmark_draws COMMAND --signal ABRT --print "DRAW_INDEX_AUTO.*not modelled"
               --print "ErrorDeviceLost" --not-print "sync_file"
               -- ${rocweld} run -- vkmark --winsys headless --size 64x64 -b clear:duration=1)
endfunction()

# One VM with libdrm, whoever starts first; `require` makes two VMs an error.
set(shared --print "address is taken in libdrm" --print "walked 1000 nodes" --not-print "warn.shim")
function(interop_tests)
    foreach(order drm-first hip-first together)
        foreach(kernel 6.12 7.2)
            stack_test(interop_${order}@${kernel} ENV ROCWELD_SHARE=require COMMAND ${shared}
                       -- ${rocweld} run --kernel ${kernel} -- ${programs}/interop_libdrm ${order})
        endforeach()
    endforeach()
endfunction()

# The Vulkan programs as they were built here, on the stack's Mesa, and the sample with its HIP.
function(vulkan_tests)
    if(NOT EXISTS ${stacks_folder}/${stack}/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so
       OR NOT EXISTS ${build}/bin/e2e_vulkan_buffers)
        return()
    endif()
    stack_test(vulkaninfo COMMAND --print "deviceName += AMD Radeon RX 6800 XT .RADV NAVI21"
               -- ${rocweld} run -- vulkaninfo --summary)
    set(right COMMAND --print "^ok$" --not-print "validation:" -- ${rocweld} run --)
    foreach(name atomics blocks buffers compressed draws feedback images queries robust shared
                 subgroups sync texels tiled types)
        foreach(wave 32 64)
            stack_test(vulkan_${name}_wave${wave} ENV RADV_PERFTEST=cswave${wave}
                       ${right} ${build}/bin/e2e_vulkan_${name})
        endforeach()
    endforeach()
    set(transfer ENV RADV_PERFTEST=transfer_queue RADV_EXPERIMENTAL=transfer_queue ${right})
    stack_test(vulkan_transfer ${transfer} ${build}/bin/e2e_vulkan_transfer)
    stack_test(vulkan_transfer_images ${transfer} ${build}/bin/e2e_vulkan_transfer_images)
    stack_test(vulkan_transfer_depth ${transfer} ${build}/bin/e2e_vulkan_transfer_images depth)
    if(EXISTS ${stacks_folder}/${stack}/usr/lib/x86_64-linux-gnu/ggml/backends0/libggml-vulkan.so)
        stack_test(ggml TIMEOUT 600 COMMAND --print "RADV NAVI21" --print "^ok$"
                   -- ${rocweld} run -- ${programs}/ggml)
    endif()
    foreach(order vulkan-first hip-first together)
        stack_test(interop_vulkan_${order} ENV ROCWELD_SHARE=require
                   COMMAND --print "walked 1000 nodes of both" --not-print "validation:|warn.shim"
                   -- ${rocweld} run -- ${programs}/interop_vulkan ${order})
    endforeach()
endfunction()

# Order between the two sides, imports, and the contract of both (runtime/). What links no HIP is run
# as this system has built it.
function(runtime_tests)
    set(turn ${build}/tests/e2e/runtime/turn-gfx1030.co)
    if(NOT EXISTS ${build}/bin/contract/runtime_case)
        return()
    endif()
    foreach(peer thread gfx)
        stack_test(runtime_handover_${peer}
                   COMMAND --print "^10000 to graphics, 9999 to compute, 0 failed, 0 pending"
                   -- ${rocweld} run -- ${build}/bin/e2e/runtime_handover ${turn} ${peer} 10000)
    endforeach()
    foreach(case no-fence-before one-signal cancel-and-destroy destroy-pending fork sleeps threads
            questions)
        stack_test(runtime_${case} COMMAND --print "${case} holds"
                   -- ${rocweld} run -- ${build}/bin/contract/runtime_case ${case})
    endforeach()
    stack_test(runtime_streams COMMAND --print "word 2000, errors 0"
               -- ${rocweld} run -- ${programs}/runtime_streams ${turn} gfx 1000)
    stack_test(runtime_import COMMAND -- ${rocweld} run -- ${programs}/runtime_import same)
    stack_test(runtime_import_mapped ENV ROCWELD_INTEROP=mapped
               COMMAND -- ${rocweld} run -- ${programs}/runtime_import other)
endfunction()

# Without LD_PRELOAD.
function(door_tests)
    set(door ENV LD_LIBRARY_PATH=${library_folder}/door-softgpu)
    set(none --not-print "rocweld: (warn|error)")
    stack_test(door_rocminfo ${door} COMMAND --print "Name: +gfx1030" ${none} -- rocminfo)
    stack_test(door_hip ${door} COMMAND --print ok ${none} -- ${programs}/streams)
    stack_test(door_opencl ${door} ${rocm_opencl} COMMAND --print ok ${none} -- ${programs}/opencl)
    foreach(order drm-first hip-first together)
        stack_test(door_interop_${order} ${door} ROCWELD_SHARE=require
                   COMMAND ${shared} -- ${programs}/interop_libdrm ${order})
    endforeach()
    stack_test(door_interop_vulkan ${door} ROCWELD_SHARE=require
               COMMAND --print "one memory, vulkan-first" --not-print "warn.shim"
               -- ${programs}/interop_vulkan vulkan-first)
    foreach(file libhsakmt.so.1 libhsa-runtime64.so.1 libdrm_amdgpu.so.1)
        if(EXISTS ${stacks_folder}/${stack}/usr/lib/x86_64-linux-gnu/${file})
            stack_test(door_symbols_${file} COMMAND --print "[1-9][0-9]* functions"
                       -- ${source}/tests/doors/symbols ${build}/bin/door_symbols
                          /usr/lib/x86_64-linux-gnu/${file} ${library_folder}/door/${file})
        endif()
    endforeach()
    stack_test(door_setuid COMMAND --print ok ${none}
               -- ${tests}/setuid ${library_folder}/door-softgpu ${programs}/waves)
endfunction()

# Of librocrand1-tests, what ends within seconds. Seeding LFSR113 (case 5 of one test) takes
# minutes on a CPU.
function(rocrand_tests)
    set(folder /usr/libexec/rocm/librocrand1-tests)
    if(NOT EXISTS ${stacks_folder}/${stack}${folder})
        return()
    endif()
    set(passed TIMEOUT 600 COMMAND --print "PASSED" --not-print "FAILED" -- ${rocweld} run --)
    stack_test(rocrand_basic ${passed} ${folder}/test_rocrand_basic
               --gtest_filter=-*rocrand_initialize_generator_test/5)
    foreach(name rocrand_linkage rocrand_kernel_mtgp32 rocrand_kernel_philox4x32_10
            rocrand_kernel_sobol64 rocrand_kernel_xorwow rocrand_kernel_mrg rocrand_kernel_lfsr113
            rocrand_kernel_threefry2x64_20 rocrand_mtgp32_prng rocrand_philox_prng
            rocrand_threefry4x32_20_prng rocrand_sobol32_qrng rocrand_scrambled_sobol64_qrng
            poisson_distribution)
        stack_test(${name} ${passed} ${folder}/test_${name})
    endforeach()
endfunction()

# igt-gpu-tools, program by program; a label of their own, because they take a quarter of an hour.
function(igt_tests)
    if(NOT EXISTS ${stacks_folder}/${stack}/usr/libexec/igt-gpu-tools/amdgpu)
        return()
    endif()
    file(STRINGS ${tests}/igt.txt rows REGEX "^amd_")
    foreach(row IN LISTS rows)
        string(REGEX MATCH "^(amd_[a-z_]+) +([0-9]+)" run "${row}")
        list(APPEND runs ${CMAKE_MATCH_1}@${CMAKE_MATCH_2})
    endforeach()
    list(REMOVE_DUPLICATES runs)
    foreach(run IN LISTS runs)
        string(REPLACE "@" ";" words ${run})
        stack_test(igt_${run} LABEL igt TIMEOUT 900 ENV ROCWELD_LOCKUP_TIMEOUT=10000,60000
                   COMMAND -- ${tests}/igt ${rocweld} ${words})
    endforeach()
endfunction()

# Of a stack with a base, what it has that the base has not.
foreach(stack trixie forky forky-rusticl)
    set(programs ${build}/stack-programs/${stack})
    if(NOT EXISTS ${stacks_folder}/${stack}/etc/rocweld-stack.txt)
        continue()
    elseif(stack MATCHES "-rusticl$")
        stack_programs(opencl)
        rusticl_tests()
    else()
        stack_programs()
        rocminfo_tests()
        hip_tests()
        opencl_tests()
        ggml_operation_tests()
        draw_tests()
        interop_tests()
        runtime_tests()
        vulkan_tests()
        door_tests()
        rocrand_tests()
        igt_tests()
    endif()
endforeach()
