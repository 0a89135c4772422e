/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool is_executable_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool program_find(const char *name, char *out_path, size_t size)
{
    const char *folders = getenv("PATH");

    if (strchr(name, '/')) {
        snprintf(out_path, size, "%s", name);
        return access(name, F_OK) == 0;
    }
    /* An empty name in the list is the current folder. */
    for (folders = folders ? folders : "/bin:/usr/bin"; *name; folders++) {
        size_t length = strcspn(folders, ":");
        snprintf(out_path, size, "%.*s%s%s", (int)length, folders, length ? "/" : "./", name);
        if (is_executable_file(out_path))
            return true;
        folders += length;
        if (!*folders)
            break;
    }
    return false;
}

static bool has_loader(int fd, const Elf64_Ehdr *header)
{
    Elf64_Phdr segment;

    for (unsigned i = 0; i < header->e_phnum; i++) {
        off_t place = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);
        if (pread(fd, &segment, sizeof segment, place) != sizeof segment)
            return true; /* a broken file: the kernel will say so */
        if (segment.p_type == PT_INTERP)
            return true;
    }
    return false;
}

enum program_kind program_kind_of(const char *path)
{
    enum program_kind kind = PROGRAM_OTHER;
    Elf64_Ehdr header = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return kind;
    if (pread(fd, &header, sizeof header, 0) >= SELFMAG &&
        memcmp(header.e_ident, ELFMAG, SELFMAG) == 0) {
        if (header.e_machine != EM_X86_64 && header.e_machine != EM_386)
            kind = PROGRAM_FOREIGN;
        else if (header.e_ident[EI_CLASS] != ELFCLASS64)
            kind = PROGRAM_32_BIT;
        else
            kind = has_loader(fd, &header) ? PROGRAM_DYNAMIC : PROGRAM_STATIC;
    }
    close(fd);
    return kind;
}

bool program_is_privileged(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return false;
    return (info.st_mode & S_ISUID && info.st_uid != getuid()) ||
           (info.st_mode & S_ISGID && info.st_gid != getgid()) ||
           (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
}
