# SPDX-License-Identifier: MIT
# Turns sections of an object file into C arrays: one section a program.
#
#   cmake -DOBJCOPY=... -DOBJECT=... -DNAMES=a:b:c -DOUTPUT=... -P wave_embed.cmake
string(REPLACE ":" ";" names "${NAMES}")
set(text "")
foreach(name ${names})
    set(binary ${OUTPUT}.${name}.bin)
    execute_process(COMMAND ${OBJCOPY} -O binary --only-section=${name} ${OBJECT} ${binary}
                    COMMAND_ERROR_IS_FATAL ANY)
    file(READ ${binary} hex HEX)
    if(hex STREQUAL "")
        message(FATAL_ERROR "${OBJECT} has no section ${name}")
    endif()
    string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1, " words "${hex}")
    string(APPEND text "static const uint32_t program_${name}[] = {${words}};\n")
endforeach()
file(WRITE ${OUTPUT} "${text}")
