/* SPDX-License-Identifier: MIT
 *
 * Looks up the names (NAME or NAME@@VERSION) on standard input in a library and what it depends on.
 *
 *   symbols LIBRARY
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    char name[512];
    int found = 0;

    if (!library) {
        fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "usage: symbols LIBRARY");
        return 2;
    }
    while (scanf("%511s", name) == 1) {
        char *version = strstr(name, "@@");
        if (version) {
            *version = '\0';
            version += 2;
        }
        if (!(version ? dlvsym(library, name, version) : dlsym(library, name))) {
            fprintf(stderr, "%s has no %s of version %s\n", argv[1], name,
                    version ? version : "(none)");
            return 1;
        }
        found++;
    }
    printf("%s: %d functions\n", argv[1], found);
    return found == 0;
}
