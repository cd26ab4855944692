/* SPDX-License-Identifier: Apache-2.0 */
/* --trace: one line per system call, as strace(1) prints it:
 *
 *     [pid] name(arguments) = result
 *
 * The line is written when the call returns; calls that do not return, and those that sleep for
 * long enough that another process prints meanwhile, show as one line all the same. Lines go to the
 * trace capability one by one, so that nothing is lost when the cell dies.
 */
#include "abi/local.h"
#include "libos/entry/entry.h"
#include "libos/entry/trace.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"
#include "libos/proc/process.h"
#include "base/string.h"

#define LINE_SIZE   1024
#define SHOWN_BYTES 32
#define AT_FDCWD_   (-100)

u8 dispatch_slowly;

static const struct {
    const char *name, *arguments;
} call_texts[] = {
#define SYSCALL(number, name, arguments) [number] = {#name, arguments},
#include "libos/entry/syscalls.def"
#undef SYSCALL
};

static const char *const error_names[] = {
    "",        "EPERM",        "ENOENT", "ESRCH",  "EINTR",     "EIO",     "ENXIO",
    "E2BIG",   "ENOEXEC",      "EBADF",  "ECHILD", "EAGAIN",    "ENOMEM",  "EACCES",
    "EFAULT",  "ENOTBLK",      "EBUSY",  "EEXIST", "EXDEV",     "ENODEV",  "ENOTDIR",
    "EISDIR",  "EINVAL",       "ENFILE", "EMFILE", "ENOTTY",    "ETXTBSY", "EFBIG",
    "ENOSPC",  "ESPIPE",       "EROFS",  "EMLINK", "EPIPE",     "EDOM",    "ERANGE",
    "EDEADLK", "ENAMETOOLONG", "ENOLCK", "ENOSYS", "ENOTEMPTY", "ELOOP",
};

static const struct {
    u16 number;
    const char *name;
} high_errors[] = {
    {61, "ENODATA"},
    {62, "ETIME"},
    {75, "EOVERFLOW"},
    {88, "ENOTSOCK"},
    {89, "EDESTADDRREQ"},
    {90, "EMSGSIZE"},
    {91, "EPROTOTYPE"},
    {92, "ENOPROTOOPT"},
    {93, "EPROTONOSUPPORT"},
    {95, "EOPNOTSUPP"},
    {97, "EAFNOSUPPORT"},
    {98, "EADDRINUSE"},
    {99, "EADDRNOTAVAIL"},
    {101, "ENETUNREACH"},
    {103, "ECONNABORTED"},
    {104, "ECONNRESET"},
    {105, "ENOBUFS"},
    {106, "EISCONN"},
    {107, "ENOTCONN"},
    {110, "ETIMEDOUT"},
    {111, "ECONNREFUSED"},
    {114, "EALREADY"},
    {115, "EINPROGRESS"},
    {116, "ESTALE"},
    {122, "EDQUOT"},
    {125, "ECANCELED"},
    {ERESTARTSYS, "ERESTARTSYS"},
    {ERESTARTNOHAND, "ERESTARTNOHAND"},
};

static const char *error_name(long number)
{
    if (number < (long)ARRAY_SIZE(error_names))
        return error_names[number];
    for (u32 i = 0; i < ARRAY_SIZE(high_errors); i++)
        if (high_errors[i].number == number)
            return high_errors[i].name;
    return "E?";
}

struct line {
    char text[LINE_SIZE];
    size_t length;
};

static void add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = format_args(l->text + l->length, sizeof(l->text) - l->length, format, args);
    va_end(args);
    l->length = MIN(l->length + (size_t)n, sizeof(l->text) - 1);
}

static void add_quoted(struct line *l, const u8 *bytes, size_t n)
{
    add(l, "\"");
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            add(l, "\\n");
        else if (bytes[i] == '"' || bytes[i] == '\\')
            add(l, "\\%c", bytes[i]);
        else if (bytes[i] >= 32 && bytes[i] < 127)
            add(l, "%c", bytes[i]);
        else
            add(l, "\\%o", bytes[i]);
    }
    add(l, "\"");
}

static void add_bytes(struct line *l, u64 user, u64 length)
{
    u8 bytes[SHOWN_BYTES];
    size_t n = MIN(length, sizeof(bytes));
    if (copy_from_user(bytes, (const void *)user, n)) {
        add(l, "%#llx", (unsigned long long)user);
        return;
    }
    add_quoted(l, bytes, n);
    if (length > n)
        add(l, "...");
}

static void add_string(struct line *l, u64 user)
{
    char path[256];
    long n = user ? copy_string_from_user(path, (const char *)user, sizeof(path)) : -EFAULT;
    if (n == -EFAULT)
        add(l, "%#llx", (unsigned long long)user);
    else
        add_quoted(l, (const u8 *)path, n < 0 ? sizeof(path) : (size_t)n);
}

static void add_timespec(struct line *l, u64 user)
{
    u64 t[2];
    if (user == 0 || copy_from_user(t, (const void *)user, sizeof(t)))
        add(l, "%#llx", (unsigned long long)user);
    else
        add(l, "{%lld, %llu}", (long long)t[0], (unsigned long long)t[1]);
}

static void add_argument(struct line *l, char kind, const u64 *arguments, int i, long result)
{
    u64 v = arguments[i];
    switch (kind) {
    case 'd': add(l, "%d", (int)v); break;
    case 'u': add(l, "%llu", (unsigned long long)v); break;
    case 'o': add(l, "0%o", (u32)v); break;
    case 'O': add(l, "0%o", (u32)v); break;
    case 'S': add(l, "SIG%d", (int)v); break;
    case 's': add_string(l, v); break;
    case 't': add_timespec(l, v); break;
    case 'b': add_bytes(l, v, arguments[i + 1]); break;
    case 'B': add_bytes(l, v, result < 0 ? 0 : (u64)result); break;
    case 'f':
        if ((int)v == AT_FDCWD_)
            add(l, "AT_FDCWD");
        else
            add(l, "%d", (int)v);
        break;
    default:
        if (v == 0)
            add(l, kind == 'p' ? "NULL" : "0");
        else
            add(l, "%#llx", (unsigned long long)v);
    }
}

/* In the list of names that --trace=… gave? No list: everything is. */
static bool wanted(const char *name)
{
    if (the_boot->trace_filter == 0)
        return true;
    size_t n = strlen(name);
    for (const char *p = boot_string(the_boot->trace_filter); *p;) {
        const char *end = strchr(p, ',');
        size_t length = end ? (size_t)(end - p) : strlen(p);
        if (length == n && memcmp(p, name, n) == 0)
            return true;
        p += length + (end != NULL);
    }
    return false;
}

static void send(struct line *l)
{
    struct rf_msg *m = message_get();
    memcpy(m->data, l->text, l->length);
    m->data_length = (u32)l->length;
    invoke_message_retry(RF_SLOT_TRACE, RF_OP_CONSOLE_WRITE, m, 0, 0, 0, 0);
    message_put(m);
}

static void begin_line(struct line *l, u64 call, const u64 arguments[6], long result)
{
    l->length = 0;
    add(l, "[%d] ", current()->tid);
    if (call >= ARRAY_SIZE(call_texts) || call_texts[call].name == NULL) {
        add(l, "call_%lld(", (long long)call);
    } else {
        add(l, "%s(", call_texts[call].name);
        const char *kinds = call_texts[call].arguments;
        for (int i = 0; i < 6 && kinds[i]; i++) {
            if (i)
                add(l, ", ");
            add_argument(l, kinds[i], arguments, i, result);
        }
    }
    add(l, ")");
}

static bool never_returns(u64 call)
{
    return call == 60 || call == 231 || call == 15; /* exit, exit_group, rt_sigreturn */
}

static void end_line(struct line *l, long result, bool implemented)
{
    if (result < 0 && result > -4096)
        add(l, " = -1 %s%s\n", error_name(-result), implemented ? "" : " (unimplemented)");
    else if (result > 0xffff || result < 0)
        add(l, " = %#lx\n", result);
    else
        add(l, " = %ld\n", result);
    send(l);
}

static const char *operation_name(u32 slot, u32 op)
{
    static const struct {
        u32 op;
        const char *name;
    } names[] =
        {
#define OP(interface, name, number, ...) {number, #name},
            RF_OPERATIONS(OP)
#undef OP
        },
      local[] = {
#define OP(name, number, ...) {number, #name},
          RF_LOCAL_OPERATIONS(OP)
#undef OP
      };
    for (u32 i = 0; slot == RF_SLOT_NONE && i < ARRAY_SIZE(local); i++)
        if (local[i].op == op)
            return local[i].name;
    for (u32 i = 0; slot != RF_SLOT_NONE && i < ARRAY_SIZE(names); i++)
        if (names[i].op == op)
            return names[i].name;
    return NULL;
}

static void add_message(struct line *l, const struct rf_invocation *v)
{
    add(l, ", {%#llx, %#llx, %#llx, %#llx}", (unsigned long long)v->w[0],
        (unsigned long long)v->w[1], (unsigned long long)v->w[2], (unsigned long long)v->w[3]);
    if (v->data_length) {
        add(l, ", ");
        add_bytes(l, v->data, v->data_length);
    }
    for (u32 i = 0; i < MIN(v->cap_count, RF_MSG_CAPS); i++)
        add(l, "%s%u", i ? " " : ", caps ", v->caps[i]);
}

/* invoke(17, DIR_LOOKUP, {0x1, 0x2, 0x3, 0x4}, "data", caps 5 6) = result. What goes in is taken
 * down before the answer replaces it. */
static long invoke_traced(u64 target, u64 user)
{
    struct line l = {.length = 0};
    struct rf_invocation v;
    u32 slot = (u32)target, op = (u32)(target >> 32);
    const char *name = operation_name(slot, op);
    add(&l, "[%d] invoke(%u, ", current()->tid, slot);
    if (name)
        add(&l, "%s", name);
    else
        add(&l, "%u", op);
    if (user && copy_from_user(&v, (const void *)user, sizeof(v)) == 0)
        add_message(&l, &v);
    add(&l, ")");
    long result = sys_invoke((long)target, (long)user, 0, 0, 0, 0);
    if (wanted("invoke"))
        end_line(&l, result, true);
    return result;
}

static void show(u64 call, const u64 arguments[6], long result, bool implemented)
{
    struct line l;
    if (call < ARRAY_SIZE(call_texts) && call_texts[call].name && !wanted(call_texts[call].name))
        return;
    begin_line(&l, call, arguments, result);
    if (!never_returns(call)) {
        end_line(&l, result, implemented);
        return;
    }
    add(&l, " = ?\n");
    send(&l);
}

long dispatch_traced(struct regs *r)
{
    u64 call = r->call;
    if (call == RF_NR_INVOKE)
        return invoke_traced(r->rdi, r->rsi);
    const u64 arguments[6] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
    syscall_handler *handler = call < system_call_count ? system_calls[call] : NULL;
    if (handler && (never_returns(call) || call == 59 || call == 322))
        show(call, arguments, 0, true); /* execve, execveat: their memory is gone afterwards */
    long result = handler ? handler((long)r->rdi, (long)r->rsi, (long)r->rdx, (long)r->r10,
                                    (long)r->r8, (long)r->r9)
                          : -ENOSYS;
    show(call, arguments, result, handler != NULL);
    return result;
}

void trace_note(const char *text)
{
    struct line l = {.length = 0};
    if (!dispatch_slowly || the_boot->trace_filter)
        return;
    add(&l, "[%d] --- %s ---\n", current()->tid, text);
    send(&l);
}
