// The Linux file calls and constants that Swift's Glibc module leaves out. No state, no policy; every function is one
// system call and answers as that does: -1 with errno.
#ifndef TINTYPE_C_OBJECT_STORAGE_H
#define TINTYPE_C_OBJECT_STORAGE_H

#include <stddef.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// A file without a name in the folder, for reading and writing (O_TMPFILE): nothing is left of it after a kill.
int tt_open_unnamed(int directory, unsigned int mode);

/// Gives an unnamed file a name; EEXIST where it is taken. Goes by /proc/self/fd, which needs no capability.
int tt_link_unnamed(int file, int directory, const char *name);

ssize_t tt_get_attribute(int file, const char *name, void *value, size_t size);
int tt_set_attribute(int file, const char *name, const void *value, size_t size);

/// A new file in memory that has no name in any folder, for reading and writing (memfd_create). Gone when it is closed.
int tt_open_memory(const char *name);

#pragma clang assume_nonnull end

#endif
