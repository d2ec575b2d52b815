/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: locks the scanner up: user, capabilities, namespaces, limits,
 * system calls.
 * Owns: the two lists of system calls. Whatever is not on them kills the process.
 * Must not: go on after a step that failed, but for the namespaces, which not
 * every host allows and which only add to the rest.
 * Called by: main.c of the scanner.
 */
#include "scanner/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "lib/log.h"
#include "lib/scan-proto.h"

#define USER_NAME "aiguard-scanner"
#define NOBODY 65534
#define ADDRESS_SPACE_MAX (384UL * 1024 * 1024)
#define FILES_MAX 64

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true /* its shadow is larger than any limit */
#else
#define SANITIZED false
#endif

typedef struct Filter {
        struct sock_filter *code;
        unsigned short n;
} Filter;

struct Sandbox {
        uid_t uid;
        gid_t gid;
        Filter zygote, child, worker;
};

/* Reading what is open, memory without a file behind it, answering, ending. */
static const int child_calls[] = {
        SCMP_SYS(read),          SCMP_SYS(pread64),      SCMP_SYS(lseek), SCMP_SYS(fstat),
        SCMP_SYS(munmap),        SCMP_SYS(mremap),       SCMP_SYS(brk),   SCMP_SYS(madvise),
        SCMP_SYS(write),         SCMP_SYS(close),        SCMP_SYS(exit),  SCMP_SYS(exit_group),
        SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn), SCMP_SYS(futex), SCMP_SYS(restart_syscall),
#if defined(__SANITIZE_ADDRESS__)
        SCMP_SYS(sigaltstack), /* on its way out */
#endif
};

/* The next job, and the timer that ends it. */
static const int worker_calls[] = { SCMP_SYS(recvmsg), SCMP_SYS(setitimer) };

/* Fork, and what a child does before its own filter. */
static const int zygote_calls[] = {
        SCMP_SYS(recvmsg),      SCMP_SYS(sendto),         SCMP_SYS(sendmsg),
        SCMP_SYS(wait4),        SCMP_SYS(fork),           SCMP_SYS(vfork),
        SCMP_SYS(getpid),       SCMP_SYS(getppid),        SCMP_SYS(gettid),
        SCMP_SYS(setitimer),    SCMP_SYS(prctl),          SCMP_SYS(seccomp),
        SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(set_robust_list),
        SCMP_SYS(rseq),         SCMP_SYS(nanosleep),      SCMP_SYS(clock_nanosleep),
        SCMP_SYS(poll),         SCMP_SYS(ppoll),          SCMP_SYS(set_tid_address),
        SCMP_SYS(sigaltstack),
};

static int allow(scmp_filter_ctx c, const int *calls, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int r = seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0);

                if (r < 0 && r != -EDOM) /* not a call of this architecture */
                        return r;
        }
        return 0;
}

/* Memory: never executable, never from a file. */
static int allow_memory(scmp_filter_ctx c)
{
        int r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                 SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));

        if (r < 0)
                return r;
        return seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int allow_fork(scmp_filter_ctx c)
{
        const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID |
                                    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_THREAD;
        int r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));

        if (r < 0)
                return r;
        /* Its arguments lie in memory, where no filter can see them: the C library takes clone() then. */
        r = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if (r < 0)
                return r;
        return seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
}

/* The instructions of a filter, so that a child loads them with one call. */
static int export_filter(scmp_filter_ctx c, Filter *ret)
{
        _cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0)
                return -errno;
        r = seccomp_export_bpf(c, fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        ret->n = (unsigned short) ((size_t) st.st_size / sizeof(struct sock_filter));
        ret->code = malloc((size_t) st.st_size);
        if (!ret->code)
                return -ENOMEM;
        return pread(fd, ret->code, (size_t) st.st_size, 0) == (ssize_t) st.st_size ? 0 : -EIO;
}

static int build_filter(const int *more, size_t n_more, bool fork_too, Filter *ret)
{
        scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
        int r;

        if (!c)
                return -ENOMEM;
        r = allow(c, child_calls, ARRAY_SIZE(child_calls));
        if (r >= 0)
                r = allow_memory(c);
        if (r >= 0)
                r = allow(c, more, n_more);
        if (r >= 0 && fork_too)
                r = allow_fork(c);
        if (r >= 0)
                r = export_filter(c, ret);
        seccomp_release(c);
        return r;
}

int sandbox_prepare(Sandbox **ret)
{
        const struct passwd *pw;
        Sandbox *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->uid = s->gid = NOBODY;
        pw = geteuid() == 0 ? getpwnam(USER_NAME) : NULL;
        if (pw && pw->pw_uid != 0) {
                s->uid = pw->pw_uid;
                s->gid = pw->pw_gid;
        }
        r = build_filter(zygote_calls, ARRAY_SIZE(zygote_calls), true, &s->zygote);
        if (r >= 0)
                r = build_filter(NULL, 0, false, &s->child);
        if (r >= 0)
                r = build_filter(worker_calls, ARRAY_SIZE(worker_calls), false, &s->worker);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

static int load_filter(const Filter *f)
{
        const struct sock_fprog program = { .len = f->n, .filter = f->code };

        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

static int limit(int resource, rlim_t value)
{
        const struct rlimit l = { .rlim_cur = value, .rlim_max = value };

        return setrlimit(resource, &l) < 0 ? -errno : 0;
}

static int drop_privileges(const Sandbox *s)
{
        if (geteuid() == 0) {
                /* Cut off from everything while that is still allowed; not every container does. */
                (void) unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS);
                for (int i = 0; i <= 63; i++)
                        (void) prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
                if (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
                    setresuid(s->uid, s->uid, s->uid) < 0)
                        return -errno;
                if (setresuid(0, 0, 0) >= 0)
                        return -EPERM; /* it worked: something is very wrong */
        }
        (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

static int close_everything_else(void)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0)
                return -errno;
        for (int fd = 0; fd <= 2; fd++)
                if (dup2(null, fd) < 0)
                        return -errno;
        return syscall(SYS_close_range, SCAN_PROTO_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

int sandbox_enter_zygote(const Sandbox *s)
{
        int r;

        r = close_everything_else();
        if (r >= 0)
                r = drop_privileges(s);
        if (r >= 0)
                r = limit(RLIMIT_NOFILE, FILES_MAX);
        if (r >= 0)
                r = limit(RLIMIT_FSIZE, 0);
        if (r >= 0)
                r = limit(RLIMIT_CORE, 0);
        if (r >= 0 && !SANITIZED)
                r = limit(RLIMIT_AS, ADDRESS_SPACE_MAX);
        if (r < 0)
                return r;
        return load_filter(&s->zygote);
}

int sandbox_enter_child(const Sandbox *s, bool reuse, unsigned seconds)
{
        const struct itimerval timer = { .it_value.tv_sec = seconds };
        int r;

        /* Dies with the zygote, whose death is how the client ends it all. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        if (getppid() == 1)
                return -ESRCH;
        if (!reuse) {
                /* The alarm's default action cannot be changed any more once the filter is there. */
                if (setitimer(ITIMER_REAL, &timer, NULL) < 0)
                        return -errno;
                r = limit(RLIMIT_CPU, seconds);
                if (r < 0)
                        return r;
        }
        r = limit(RLIMIT_NPROC, 0);
        if (r < 0)
                return r;
        return load_filter(reuse ? &s->worker : &s->child);
}
