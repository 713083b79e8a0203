/* Writes down what a process does to the files below a folder, in order, so that a test can make the folder that a power cut leaves. Loaded by LD_PRELOAD.
 *
 * POWER_ROOT  the folder
 * POWER_LOG   where to write; records of: kind (1 byte), two numbers (8 bytes each), the lengths of two strings (4 bytes each), the strings
 * POWER_NO_SYNC  files whose names end so are never synced, whatever the process believes: a mutation
 * POWER_FAIL_AFTER  writes below the folder after so many fail with ENOSPC
 * POWER_SYNC_MS  each sync below the folder takes so long, and everything else that is written waits behind it
 *
 * Kinds: C a file was made (inode; path), W written (inode, offset; bytes), T cut (inode, length), S synced (inode), R renamed (paths), U unlinked (path),
 * D a folder was synced (path; what stands in it, lines of an inode and a name), L linked (paths). A rename by a bare system call is not seen; the next sync of
 * its folder tells it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static long writes;

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int fd, const void *bytes, size_t count) {
    REAL(write);
    return real(fd, bytes, count);
}

static int is_below(const char *path) {
    const char *root = getenv("POWER_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static void record(char kind, uint64_t a, uint64_t b, const void *x, uint32_t x_bytes, const void *y, uint32_t y_bytes) {
    if (log_fd < 0) {
        const char *path = getenv("POWER_LOG");
        if (!path) return;
        REAL(open64);
        log_fd = real(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) abort();
    }
    unsigned char head[25];
    head[0] = (unsigned char)kind;
    memcpy(head + 1, &a, 8);
    memcpy(head + 9, &b, 8);
    memcpy(head + 17, &x_bytes, 4);
    memcpy(head + 21, &y_bytes, 4);
    if (real_write(log_fd, head, sizeof head) != sizeof head) abort();
    if (x_bytes && real_write(log_fd, x, x_bytes) != (ssize_t)x_bytes) abort();
    if (y_bytes && real_write(log_fd, y, y_bytes) != (ssize_t)y_bytes) abort();
}

static void record_paths(char kind, const char *x, const char *y) {
    record(kind, 0, 0, x, (uint32_t)strlen(x), y, y ? (uint32_t)strlen(y) : 0);
}

/* The path of a descriptor below the folder, and its inode; 0 where it is elsewhere. */
static int known(int fd, char path[PATH_MAX], struct stat *data) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path) && fstat(fd, data) == 0;
}

static int is_full(void) {
    const char *limit = getenv("POWER_FAIL_AFTER");
    return limit && ++writes > atol(limit);
}

static int opened(const char *path, int flags, mode_t mode) {
    REAL(open64);
    if (!is_below(path)) return real(path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat data;
    int is_new = (flags & O_CREAT) && stat(path, &data) != 0;
    int fd = real(path, flags, mode);
    if (fd >= 0 && fstat(fd, &data) == 0 && S_ISREG(data.st_mode)) {
        if (is_new) record('C', data.st_ino, 0, path, (uint32_t)strlen(path), NULL, 0);
        else if (flags & O_TRUNC) record('T', data.st_ino, 0, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    return opened(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    return opened(path, flags, mode);
}

static ssize_t written(int fd, const void *bytes, size_t count, off64_t offset, int is_at) {
    REAL(pwrite64);
    char path[PATH_MAX];
    struct stat data;
    pthread_mutex_lock(&lock);
    int is_known = known(fd, path, &data) && S_ISREG(data.st_mode);
    /* The mark of a confirmation is the test's, not the disk's. */
    if (is_known && !strstr(path, "/confirmed") && is_full()) {
        pthread_mutex_unlock(&lock);
        errno = ENOSPC;
        return -1;
    }
    off64_t at = is_at ? offset : fcntl(fd, F_GETFL) & O_APPEND ? data.st_size : lseek64(fd, 0, SEEK_CUR);
    ssize_t done = is_at ? real(fd, bytes, count, offset) : real_write(fd, bytes, count);
    if (is_known && done > 0) record('W', data.st_ino, (uint64_t)at, bytes, (uint32_t)done, path, (uint32_t)strlen(path));
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    return written(fd, bytes, count, 0, 0);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    return written(fd, bytes, count, offset, 1);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        ssize_t done = written(fd, parts[part].iov_base, parts[part].iov_len, 0, 0);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    return all;
}

int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64);
    char path[PATH_MAX];
    struct stat data;
    pthread_mutex_lock(&lock);
    int result = real(fd, length);
    if (result == 0 && known(fd, path, &data)) record('T', data.st_ino, (uint64_t)length, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

/* A folder and what stands in it now. */
static void record_folder(const char *path) {
    static char lines[1 << 20];
    size_t length = 0;
    DIR *folder = opendir(path);
    if (!folder) abort();
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_type != DT_REG) continue;
        length += (size_t)snprintf(lines + length, sizeof lines - length, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
        if (length >= sizeof lines) abort();
    }
    closedir(folder);
    record('D', 0, 0, path, (uint32_t)strlen(path), lines, (uint32_t)length);
}

static int synced(int fd, int result) {
    char path[PATH_MAX];
    struct stat data;
    if (result == 0 && known(fd, path, &data)) {
        const char *never = getenv("POWER_NO_SYNC");
        size_t length = strlen(path);
        int is_never = never && length >= strlen(never) && strcmp(path + length - strlen(never), never) == 0;
        const char *slow = getenv("POWER_SYNC_MS");
        if (slow) usleep((useconds_t)atol(slow) * 1000);
        if (S_ISDIR(data.st_mode)) record_folder(path);
        else if (!is_never) record('S', data.st_ino, 0, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) {
    REAL(fsync);
    pthread_mutex_lock(&lock);
    return synced(fd, real(fd));
}

int fdatasync(int fd) {
    REAL(fdatasync);
    pthread_mutex_lock(&lock);
    return synced(fd, real(fd));
}

int rename(const char *from, const char *to) {
    REAL(rename);
    pthread_mutex_lock(&lock);
    int result = real(from, to);
    if (result == 0 && is_below(to)) record_paths('R', from, to);
    pthread_mutex_unlock(&lock);
    return result;
}

int link(const char *from, const char *to) {
    REAL(link);
    pthread_mutex_lock(&lock);
    int result = real(from, to);
    if (result == 0 && is_below(to)) record_paths('L', from, to);
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    REAL(unlink);
    pthread_mutex_lock(&lock);
    int result = real(path);
    if (result == 0 && is_below(path)) record_paths('U', path, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}
