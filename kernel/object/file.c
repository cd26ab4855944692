/* SPDX-License-Identifier: Apache-2.0 */
/* Opened files and directories of the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/checkpoint/host_file.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/attr.h"
#include "kernel/object/bank.h"
#include "kernel/object/dir.h"

static void file_destroy(struct object *object)
{
    struct file *file = container_of(object, struct file, object);

    if (file->shared)
        description_drop(file->shared);
    else if (file->fd >= 0)
        close(file->fd);
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_FILES, 1);
}

static void file_save(const struct object *object, struct record *to);
static struct object *file_load(struct record *from, struct bank *bank);

const struct object_class file_class = {.kind = RF_KIND_FILE,
                                        .records = 1,
                                        .size = sizeof(struct file),
                                        .destroy = file_destroy,
                                        .rests = true,
                                        .stored = STORED_FILE,
                                        .save = file_save,
                                        .load = file_load};

struct file *file_make(struct bank *bank, int fd, bool read_only)
{
    struct object *object;
    struct file *file;

    if (bank && !bank_charge(bank, RF_RESOURCE_FILES, 1))
        return NULL;
    object = object_new(&file_class, bank);
    if (!object) {
        if (bank)
            bank_uncharge(bank, RF_RESOURCE_FILES, 1);
        return NULL;
    }
    file = container_of(object, struct file, object);
    file->shared = read_only ? description_share(fd) : NULL;
    file->fd = file->shared ? file->shared->fd : fd;
    return file;
}

static int need(const struct call *call, u32 right)
{
    if (file_of(call->cap)->is_dir)
        return -EISDIR;
    return call->cap->rights & right ? 0 : -EBADF;
}

static bool is_range(u64 offset, u64 length)
{
    return offset <= INT64_MAX && length <= INT64_MAX - offset;
}

s64 op_FILE_READ(struct call *call)
{
    int error = call_needs_message(call);
    ssize_t n;

    if (!error)
        error = need(call, RF_RIGHT_READ);
    if (error)
        return error;
    if (call->w[1] > RF_MSG_DATA || !is_range(call->w[0], call->w[1]))
        return -EINVAL;
    n = pread(file_of(call->cap)->fd, call->msg->data, call->w[1], (off_t)call->w[0]);
    if (n < 0)
        return -errno;
    call->msg->data_length = (u32)n;
    return n;
}

/* Writes all, or says what fitted; an error counts only when nothing was written. The size is told
 * when the caller has a message to receive it. */
static s64 write_all(struct call *call, const void *from, u64 length, u64 offset, bool append)
{
    struct iovec piece;
    struct stat st;
    u64 done = 0;
    s64 n = 0;

    while (done < length) {
        piece = (struct iovec){(char *)(uintptr_t)from + done, length - done};
        n = append ? pwritev2(file_of(call->cap)->fd, &piece, 1, 0, RWF_APPEND)
                   : pwrite(file_of(call->cap)->fd, piece.iov_base, piece.iov_len,
                            (off_t)(offset + done));
        if (n <= 0)
            break;
        done += (u64)n;
    }
    if (n < 0 && !done)
        return -errno;
    if (call->msg && fstat(file_of(call->cap)->fd, &st) == 0)
        call->msg->words[0] = (u64)st.st_size;
    return (s64)done;
}

s64 op_FILE_WRITE(struct call *call)
{
    s64 length = call_data_length(call);
    int error = need(call, RF_RIGHT_WRITE);

    if (error)
        return error;
    if (length < 0 || !is_range(call->w[0], (u64)length))
        return -EINVAL;
    return call_done(call, write_all(call, call->in->data, (u64)length, call->w[0],
                                     call->w[1] || file_of(call->cap)->append));
}

s64 op_FILE_GETATTR(struct call *call)
{
    struct rf_attr attr;
    int error = call_needs_message(call);

    if (!error)
        error = attr_get(file_of(call->cap)->fd, "", &attr);
    if (error)
        return error;
    call_out(call, 0, &attr, sizeof(attr));
    return 0;
}

s64 op_FILE_SETATTR(struct call *call)
{
    struct rf_setattr set;
    struct rf_attr attr;
    s64 length = call_data(call, &set, sizeof(set), sizeof(set));
    int error;

    if (length < 0)
        return length;
    if (!file_of(call->cap)->may_change)
        return -EROFS;
    if (set.which & RF_SETATTR_SIZE && !(call->cap->rights & RF_RIGHT_WRITE))
        return -EINVAL;
    error = attr_set(file_of(call->cap)->fd, "", &set);
    if (error)
        return error;
    call_commit(call);
    error = attr_get(file_of(call->cap)->fd, "", &attr); /* of a descriptor: does not fail */
    call_out(call, 0, &attr, sizeof(attr));
    return error;
}

s64 op_FILE_SYNC(struct call *call)
{
    int result = call->w[0] ? fdatasync(file_of(call->cap)->fd) : fsync(file_of(call->cap)->fd);

    return call_done(call, result < 0 ? -errno : 0);
}

/* A descriptor that cannot write, for a file that was opened to write as well. */
static int read_only_description(int fd)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

s64 op_FILE_MAP(struct call *call)
{
    int error = need(call, RF_RIGHT_READ), fd = file_of(call->cap)->fd, result;
    bool writes = call->cap->rights & RF_RIGHT_WRITE;

    if (error)
        return error == -EISDIR ? -ENODEV : -EACCES;
    if (writes && !(call->w[0] & RF_RIGHT_WRITE)) {
        fd = read_only_description(fd);
        if (fd < 0)
            return -errno;
    }
    result = call->domain->transport->grant(call->domain, call->id, fd);
    if (fd != file_of(call->cap)->fd)
        close(fd);
    return result ? result : CALL_GRANTED;
}

s64 op_FILE_READDIR(struct call *call)
{
    int error = call_needs_message(call);
    long n;

    if (error)
        return error;
    if (!file_of(call->cap)->is_dir)
        return -ENOTDIR;
    if (lseek(file_of(call->cap)->fd, (off_t)call->w[0], SEEK_SET) < 0)
        return -EINVAL;
    n = syscall(SYS_getdents64, file_of(call->cap)->fd, call->msg->data, RF_MSG_DATA);
    if (n < 0)
        return -errno;
    call->msg->data_length = (u32)n;
    call->msg->words[0] = (u64)lseek(file_of(call->cap)->fd, 0, SEEK_CUR);
    return n;
}

/* The caller's heap segment as the kernel sees it, mapped at the first use. Only host calls touch
 * it, so that memory which is not there is an error number and no signal. */
static u8 *heap_of(struct domain *domain)
{
    if (!domain->heap && domain->heap_fd >= 0) {
        void *at = mmap(NULL, RF_HEAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                        domain->heap_fd, 0);

        if (at != MAP_FAILED)
            domain->heap = at;
    }
    return domain->heap;
}

/* Where w1 bytes at w2 of the heap segment lie: NULL and an error when they do not. */
static u8 *heap_range(const struct call *call, int *error)
{
    u64 length = call->w[1], offset = call->w[2];
    u8 *heap;

    *error = -EOPNOTSUPP;
    if (call->domain->heap_fd < 0 || !call_is_own(call))
        return NULL;
    *error = -EFAULT;
    if (length > RF_HEAP_SIZE || offset > RF_HEAP_SIZE - length)
        return NULL;
    *error = -EINVAL;
    if (!is_range(call->w[0], length))
        return NULL;
    *error = -ENOMEM;
    heap = heap_of(call->domain);
    return heap ? heap + offset : NULL;
}

/* Pages that the kernel touches first are charged to it and not to the cell's control group: so the
 * heap segment alone may not exceed the cell's limit that way. */
static bool heap_may_grow(const struct domain *domain, u64 length)
{
    u64 limit = domain->memory_limit;
    struct stat st;

    return !limit || (fstat(domain->heap_fd, &st) == 0 && length <= limit &&
                      (u64)st.st_blocks * 512 <= limit - length);
}

s64 op_FILE_TO_HEAP(struct call *call)
{
    int error = need(call, RF_RIGHT_READ);
    u8 *to;
    ssize_t n;

    if (error)
        return error;
    to = heap_range(call, &error);
    if (!to)
        return error;
    if (!heap_may_grow(call->domain, call->w[1]))
        return -ENOMEM;
    n = pread(file_of(call->cap)->fd, to, call->w[1], (off_t)call->w[0]);
    return call_done(call, n < 0 ? -errno : n);
}

s64 op_FILE_FROM_HEAP(struct call *call)
{
    int error = need(call, RF_RIGHT_WRITE);
    u8 *from;

    if (error)
        return error;
    from = heap_range(call, &error);
    if (!from)
        return error;
    return call_done(call, write_all(call, from, call->w[1], call->w[0],
                                     call->w[3] || file_of(call->cap)->append));
}

s64 op_FILE_SEEK(struct call *call)
{
    int error = file_of(call->cap)->is_dir ? -EISDIR : 0;
    off_t at;

    if (error)
        return error;
    if (!is_range(call->w[0], 0) || (call->w[1] != SEEK_DATA && call->w[1] != SEEK_HOLE))
        return -EINVAL;
    at = lseek(file_of(call->cap)->fd, (off_t)call->w[0], (int)call->w[1]);
    return at < 0 ? -errno : at;
}

s64 op_FILE_ALLOCATE(struct call *call)
{
    int error = need(call, RF_RIGHT_WRITE);

    if (error)
        return error;
    if (call->w[0] > INT32_MAX || !is_range(call->w[1], call->w[2]))
        return -EINVAL;
    if (fallocate(file_of(call->cap)->fd, (int)call->w[0], (off_t)call->w[1], (off_t)call->w[2]) <
        0)
        return -errno;
    call_commit(call);
    return 0;
}

/* How long between two tries for a lock that somebody on the host holds. Within a cell the library
 * OS keeps the order; the host tells nobody when a lock becomes free without blocking the one who
 * asks. */
#define LOCK_RETRY_NS 20000000u

static int try_lock(const struct cap *cap, const u64 w[4])
{
    struct flock lock = {
        .l_type = (short)w[0], .l_whence = SEEK_SET, .l_start = (off_t)w[1], .l_len = (off_t)w[2]};

    return fcntl(file_of(cap)->fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static void retry_lock(struct timer *timer)
{
    struct pending *pending = container_of(timer, struct pending, timer);
    struct call call = call_of_pending(pending);
    int error = -EBADF;

    if (call.cap && pending_valid(pending))
        error = try_lock(call.cap, call.w);
    if ((error == -EAGAIN || error == -EACCES) && timer_set(timer, now_ns() + LOCK_RETRY_NS) == 0)
        return;
    pending_answer(pending, error);
}

/* A lock belongs to a description: who locks has one of its own. */
static int leave_shared(struct file *file)
{
    int fd = file->shared ? read_only_description(file->fd) : -1;

    if (!file->shared)
        return 0;
    if (fd < 0)
        return -errno;
    description_drop(file->shared);
    file->shared = NULL;
    file->fd = fd;
    return 0;
}

s64 op_FILE_LOCK(struct call *call)
{
    struct pending *pending;
    int error;
    s64 result;

    if (file_of(call->cap)->is_dir)
        return -EISDIR;
    if (call->w[0] != F_RDLCK && call->w[0] != F_WRLCK && call->w[0] != F_UNLCK)
        return -EINVAL;
    if (!is_range(call->w[1], call->w[2]))
        return -EINVAL;
    error = leave_shared(file_of(call->cap));
    if (error)
        return error;
    error = try_lock(call->cap, call->w);
    if ((error != -EAGAIN && error != -EACCES) || !call->w[3])
        return call_done(call, error == -EACCES ? -EAGAIN : error);
    result = call_wait(call, &call->domain->timed, &pending);
    if (result != CALL_WAITS)
        return result;
    pending->timer.expired = retry_lock;
    if (timer_set(&pending->timer, now_ns() + LOCK_RETRY_NS) < 0)
        pending_answer(pending, -ENOLCK);
    return CALL_WAITS;
}

struct stored_file {
    u32 flags; /* of open(2) */
    u8 is_dir, append, may_change, reserved;
};
_Static_assert(sizeof(struct stored_file) == 8, "stored layout");

#define KEPT_FLAGS (O_ACCMODE | O_DIRECTORY | O_SYNC | O_DSYNC)

static void file_save(const struct object *object, struct record *to)
{
    const struct file *file = container_of(object, const struct file, object);
    struct stored_file stored = {.flags = (u32)fcntl(file->fd, F_GETFL) & KEPT_FLAGS,
                                 .is_dir = file->is_dir,
                                 .append = file->append,
                                 .may_change = file->may_change};

    record_put(to, &stored, sizeof(stored));
    host_file_save(file->fd, to);
}

static bool is_read_only(const struct stored_file *stored, int fd)
{
    return fd >= 0 && !stored->is_dir && (stored->flags & O_ACCMODE) == O_RDONLY;
}

static struct object *file_load(struct record *from, struct bank *bank)
{
    struct stored_file stored;
    struct file *file;
    int fd;

    record_get(from, &stored, sizeof(stored));
    fd = host_file_load(from, (int)(stored.flags & KEPT_FLAGS));
    file = from->bad ? NULL : file_make(bank, fd, is_read_only(&stored, fd));
    if (!file) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    file->is_dir = stored.is_dir;
    file->append = stored.append;
    file->may_change = stored.may_change;
    if (fd < 0)
        object_destroy(&file->object);
    return &file->object;
}
