#define _GNU_SOURCE
#include "CObjectStorage.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

int tt_open_unnamed(int directory, unsigned int mode) {
    return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, (mode_t)mode);
}

int tt_link_unnamed(int file, int directory, const char *name) {
    char source[32];
    snprintf(source, sizeof source, "/proc/self/fd/%d", file);
    return linkat(AT_FDCWD, source, directory, name, AT_SYMLINK_FOLLOW);
}

ssize_t tt_get_attribute(int file, const char *name, void *value, size_t size) {
    return fgetxattr(file, name, value, size);
}

int tt_set_attribute(int file, const char *name, const void *value, size_t size) {
    return fsetxattr(file, name, value, size, 0);
}

int tt_open_memory(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
