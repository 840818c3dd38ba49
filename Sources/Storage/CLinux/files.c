#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

int cl_open_unnamed(int directory, unsigned int mode) {
    return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, (mode_t)mode);
}

int cl_link_unnamed(int file, int directory, const char *name) {
    char source[32];
    snprintf(source, sizeof source, "/proc/self/fd/%d", file);
    return linkat(AT_FDCWD, source, directory, name, AT_SYMLINK_FOLLOW);
}

ssize_t cl_get_attribute(int file, const char *name, void *value, size_t size) {
    return fgetxattr(file, name, value, size);
}

int cl_set_attribute(int file, const char *name, const void *value, size_t size) {
    return fsetxattr(file, name, value, size, 0);
}

ssize_t cl_list_attributes(int file, void *names, size_t size) { return flistxattr(file, names, size); }

int cl_file_system(int folder, uint64_t *mount, uint64_t *device) {
    struct statx status;
    unsigned int wanted = STATX_BASIC_STATS;
    *mount = 0;
#ifdef STATX_MNT_ID
    wanted |= STATX_MNT_ID;
#endif
    if (statx(folder, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, wanted, &status) != 0) return -1;
#ifdef STATX_MNT_ID
    if (status.stx_mask & STATX_MNT_ID) *mount = status.stx_mnt_id;
#endif
    *device = (uint64_t)makedev(status.stx_dev_major, status.stx_dev_minor);
    return 0;
}

int cl_open_memory(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
