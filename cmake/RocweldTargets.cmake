# SPDX-License-Identifier: MIT
# Settings and helpers that every folder uses: one place for flags, output folders and the
# direction of dependencies.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_package(Threads REQUIRED) # here, so that every folder sees Threads::Threads

set(ROCWELD_SANITIZE "" CACHE STRING "Sanitizer: address, undefined, thread or empty")
option(ROCWELD_WERROR "Treat warnings as errors" ON)

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                    -Wno-missing-field-initializers -fno-strict-aliasing -fno-math-errno)
if(ROCWELD_WERROR)
    add_compile_options(-Werror)
endif()
if(ROCWELD_SANITIZE)
    add_compile_options(-fsanitize=${ROCWELD_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${ROCWELD_SANITIZE})
    if(ROCWELD_SANITIZE STREQUAL "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
endif()
add_compile_definitions(_GNU_SOURCE)

# rocweld_library(NAME SOURCES... [DEPENDS targets...]): a static library that sees the tree's
# root as include path and only what it depends on.
function(rocweld_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
endfunction()

add_custom_target(rocweld_tests) # every C test program that needs nothing but this tree

# rocweld_test(NAME SOURCES... [DEPENDS targets...]): a cmocka test program, run by ctest.
function(rocweld_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} cmocka)
    add_test(NAME ${name} COMMAND ${name})
    add_dependencies(rocweld_tests ${name})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
