// The Linux file calls and constants that Swift's Glibc module lacks. No state, no policy; every function is one system
// call and returns what that returns: -1 with errno on error.
#ifndef TINTYPE_C_LINUX_H
#define TINTYPE_C_LINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// A file without a name in the folder, for reading and writing (O_TMPFILE): a killed process leaves nothing of it.
int cl_open_unnamed(int directory, unsigned int mode);

/// Gives an unnamed file a name; EEXIST if it is taken. Uses /proc/self/fd, which needs no capability.
int cl_link_unnamed(int file, int directory, const char *name);

ssize_t cl_get_attribute(int file, const char *name, void *value, size_t size);
int cl_set_attribute(int file, const char *name, const void *value, size_t size);
/// The names of all attributes, each followed by a NUL. With a size of 0 it only returns how many bytes they take.
ssize_t cl_list_attributes(int file, void *_Nullable names, size_t size);

/// The mount that the folder is reached by (0 if the kernel does not tell), and its file system (statx): a file can be
/// renamed only if both are the same.
int cl_file_system(int folder, uint64_t *mount, uint64_t *device);

/// A new file in memory, without a name in any folder, for reading and writing (memfd_create). Gone when it is closed.
int cl_open_memory(const char *name);

#pragma clang assume_nonnull end

#endif
