/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c - what a daemon does to itself: user, limits, background.
 */
#include "process.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The leak checker traces the process from a child. After a change of user a
 * process is not dumpable, so it has to be said. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
enum { DUMPABLE = 1 };
#else
enum { DUMPABLE = 0 };
#endif

enum { SETTLE_MS = 1000 };

static const int endings[] = { SIGHUP, SIGTERM, SIGINT };

static int ready_fd = -1;
static sem_t ending;
static volatile sig_atomic_t ended_by;

int
group_find(const char *name, gid_t *gid)
{
	const struct group *gr = getgrnam(name);

	if (!gr)
		return -ENOENT;
	*gid = gr->gr_gid;
	return 0;
}

int
identity_find(const char *user, const char *group, struct identity *out)
{
	const struct passwd *pw = getpwnam(user);
	struct identity id;

	if (!pw) {
		log_message(LOG_ERR, "there is no user %s", user);
		return -ENOENT;
	}
	id = (struct identity){
		.user = user, .uid = pw->pw_uid, .gid = pw->pw_gid
	};
	if (group && group_find(group, &id.gid)) {
		log_message(LOG_ERR, "there is no group %s", group);
		return -ENOENT;
	}
	*out = id;
	return 0;
}

static int
identity_take(const struct identity *id)
{
	if (!id->user)
		return 0;
	if (geteuid() != 0)
		return geteuid() == id->uid ? 0 : -EPERM;
	if (initgroups(id->user, id->gid) || setgid(id->gid) || setuid(id->uid))
		return -errno;
	/* It must not be possible to go back. */
	if (id->uid != 0 &&
	    (setuid(0) == 0 || seteuid(0) == 0 || getuid() != id->uid ||
		geteuid() != id->uid || getegid() != id->gid))
		return -EPERM;
	return 0;
}

int
process_drop(const struct identity *id)
{
	int rc = identity_take(id);

	if (rc) {
		log_message(LOG_ERR, "cannot become user %s: %s", id->user,
		    strerror(-rc));
		return rc;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0)) {
		rc = -errno;
		log_message(LOG_ERR, "prctl: %s", strerror(-rc));
		return rc;
	}
	return 0;
}

int
process_streams(void)
{
	/* The lowest that is free is taken. */
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return -errno;
	return 0;
}

void
process_limits(void)
{
	struct rlimit rl;

	/* What one thread gives back is there for all: libmilter's come and
	 * go, and what lies in their arenas nobody else gets when memory is
	 * short. */
	(void)mallopt(M_ARENA_MAX, 1);
	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max;
	/* A sandbox may forbid it; the limit is then the unit's matter. */
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

static void
ending_mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		sigaddset(&set, endings[i]);
	pthread_sigmask(how, &set, NULL);
}

void
ending_block(void)
{
	ending_mask(SIG_BLOCK);
}

void
ending_allow(void)
{
	ending_mask(SIG_UNBLOCK);
}

/* What a thread waits for by sigwait(3) is not blocked while it does. */
static bool
task_takes(const char *id, int signal)
{
	unsigned long long blocked = UINT64_MAX;
	char text[300];
	FILE *f;

	snprintf(text, sizeof(text), "/proc/self/task/%s/status", id);
	f = fopen(text, "re");
	while (f && fgets(text, sizeof(text), f))
		if (sscanf(text, "SigBlk: %llx", &blocked) == 1)
			break;
	if (f)
		fclose(f);
	return !(blocked >> (signal - 1) & 1);
}

/* True also where that cannot be known. */
static bool
other_takes(int signal)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *e;
	bool takes = !tasks;

	while (!takes && (e = readdir(tasks)))
		takes = *e->d_name != '.' && atol(e->d_name) != getpid() &&
			task_takes(e->d_name, signal);
	if (tasks)
		closedir(tasks);
	return takes;
}

void
ending_settle(void)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < SETTLE_MS && !other_takes(SIGTERM); i++)
		nanosleep(&step, NULL);
}

void
ending_wake(void)
{
	sem_post(&ending);
}

int
ending_wait(void)
{
	while (sem_wait(&ending))
		continue;
	return ended_by;
}

static void
on_ending(int signal)
{
	ended_by = signal;
	sem_post(&ending);
}

static void
on_wake(int signal)
{
	(void)signal;
}

void
process_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF,
		SIGCHLD, SIGIO, SIGPWR, SIGXFSZ };
	/* Without SA_RESTART: it shall interrupt. */
	const struct sigaction wake = { .sa_handler = on_wake };
	const struct sigaction end = { .sa_handler = on_ending,
		.sa_flags = SA_RESTART };
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigaction(SIGNAL_WAKE, &wake, NULL);
	sem_init(&ending, 0, 0);
	ending_block();
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		sigaction(endings[i], &end, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGNAL_RELOAD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
process_background(void)
{
	int fds[2];
	pid_t child;
	char byte;

	if (pipe(fds))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child) {
		ssize_t n;
		close(fds[1]);
		do
			n = read(fds[0], &byte, 1);
		while (n < 0 && errno == EINTR);
		_exit(n == 1 ? 0 : 1);
	}
	close(fds[0]);
	ready_fd = fds[1];
	if (fcntl(ready_fd, F_SETFD, FD_CLOEXEC) || setsid() < 0 || chdir("/"))
		return -errno;
	return 0;
}

void
process_ready(void)
{
	int null;

	if (ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
	/* The parent sees the end of the pipe if this fails. */
	while (write(ready_fd, "", 1) < 0 && errno == EINTR)
		continue;
	close(ready_fd);
	ready_fd = -1;
}

int
pid_file_write(const char *path)
{
	char text[24];
	int fd, n, rc = 0;

	/* Not through a link: the folder may be another's. */
	fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		rc = errno ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	if (rc)
		log_message(
		    LOG_ERR, "%s: cannot write: %s", path, strerror(-rc));
	return rc;
}
