// The Linux file calls and constants that Swift's Glibc module leaves out. No state, no policy; every function is one
// system call and answers as that does: -1 with errno.
#ifndef TINTYPE_C_LINUX_H
#define TINTYPE_C_LINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// A file without a name in the folder, for reading and writing (O_TMPFILE): nothing is left of it after a kill.
int cl_open_unnamed(int directory, unsigned int mode);

/// Gives an unnamed file a name; EEXIST where it is taken. Goes by /proc/self/fd, which needs no capability.
int cl_link_unnamed(int file, int directory, const char *name);

ssize_t cl_get_attribute(int file, const char *name, void *value, size_t size);
int cl_set_attribute(int file, const char *name, const void *value, size_t size);
/// The names of all attributes, each with a NUL behind it; with a size of 0 only how many bytes they take.
ssize_t cl_list_attributes(int file, void *_Nullable names, size_t size);

/// Which mount the folder is reached by (0 where the kernel does not tell), and which file system it is on (statx): a file
/// can be renamed only where both are the same.
int cl_file_system(int folder, uint64_t *mount, uint64_t *device);

/// A new file in memory that has no name in any folder, for reading and writing (memfd_create). Gone when it is closed.
int cl_open_memory(const char *name);

#pragma clang assume_nonnull end

#endif
