# SPDX-License-Identifier: MIT
# What lets other projects find an installed rocweld: a CMake package and a pkg-config file. The
# programs, libraries and kernels install themselves where they are built.
include(CMakePackageConfigHelpers)

set(ROCWELD_KERNEL_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/rocweld/kernels)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rocweld)

install(EXPORT rocweldTargets NAMESPACE rocweld:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/rocweldConfig.cmake.in
    ${CMAKE_BINARY_DIR}/cmake/rocweldConfig.cmake
    INSTALL_DESTINATION ${package_dir}
    PATH_VARS CMAKE_INSTALL_LIBDIR ROCWELD_KERNEL_INSTALL_DIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/rocweldConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/rocweldConfig.cmake
              ${CMAKE_BINARY_DIR}/cmake/rocweldConfigVersion.cmake
        DESTINATION ${package_dir})

# Relative to the .pc file, so that an installation can be moved.
file(RELATIVE_PATH ROCWELD_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
     ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" ROCWELD_PC_TO_PREFIX "${ROCWELD_PC_TO_PREFIX}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/rocweld.pc.in ${CMAKE_BINARY_DIR}/cmake/rocweld.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cmake/rocweld.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET rocweld_runtime)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/rocweld-runtime.pc.in
                   ${CMAKE_BINARY_DIR}/cmake/rocweld-runtime.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/cmake/rocweld-runtime.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
