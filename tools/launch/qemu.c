/* SPDX-License-Identifier: MIT */
/* Asks a QEMU what it knows: its version, its objects, its machine's properties. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/launch/launch.h"

#define ANSWER_SIZE (256ull * 1024u)
#define PATIENCE_SECONDS 20u

#define VERSION_MAJOR 10u
#define VERSION_MINOR 1u

#define REMEDY_QEMU "install QEMU 10.1 or newer, built with --enable-igvm; --qemu FILE names another one"

static void __noreturn child(const char *path, const char *const *arguments, int out)
{
	char *argv[8];
	size_t count = 0;
	int null = open("/dev/null", O_RDWR);

	argv[count++] = (char *)(uintptr_t)path;
	for (; *arguments != NULL && count + 1 < ARRAY_SIZE(argv); arguments++)
		argv[count++] = (char *)(uintptr_t)*arguments;
	argv[count] = NULL;
	alarm(PATIENCE_SECONDS); /* a program that is no QEMU may wait for ever */
	if (null >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(null, 2) >= 0)
		execvp(path, argv);
	_exit(127);
}

/* What QEMU prints; false when it cannot be run. The answer is cut at ANSWER_SIZE. */
static bool ask(const char *path, const char *const *arguments, char *answer)
{
	int ends[2], status = 0;
	size_t size = 0;
	ssize_t got;
	pid_t pid;

	answer[0] = '\0';
	if (pipe(ends) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(path, arguments, ends[1]);
	}
	close(ends[1]);
	while (pid > 0 && size < ANSWER_SIZE - 1 && (got = read(ends[0], answer + size, ANSWER_SIZE - 1 - size)) != 0) {
		if (got > 0)
			size += (size_t)got;
		else if (errno != EINTR)
			break;
	}
	answer[size] = '\0';
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

/* A line that begins, after blanks, with this word and goes on with none of its characters. */
static bool has_word(const char *answer, const char *word)
{
	size_t length = strlen(word);

	for (const char *line = answer; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += strspn(line, " \t\n");
		if (strncmp(line, word, length) == 0 && strchr(" \t\n=,:", line[length]) != NULL)
			return true;
	}
	return false;
}

static void check_version(const char *path, struct qemu *qemu, char *answer, struct checks *checks)
{
	static const char what[] = "QEMU 10.1 or newer";
	const char *version;

	qemu->found = ask(path, (const char *const[]){ "-version", NULL }, answer);
	version = strstr(answer, "version ");
	if (!qemu->found || version == NULL || !version_read(version + strlen("version "), &qemu->major, &qemu->minor)) {
		qemu->found = false;
		check_add(checks, VERDICT_MISSING, what, REMEDY_QEMU, "'%s' %s", path,
			  answer[0] == '\0' ? "cannot be run" : "does not tell its version");
		return;
	}
	if (qemu->major > VERSION_MAJOR || (qemu->major == VERSION_MAJOR && qemu->minor >= VERSION_MINOR))
		check_add(checks, VERDICT_GOOD, what, NULL, "QEMU %u.%u", qemu->major, qemu->minor);
	else
		check_add(checks, VERDICT_MISSING, what, REMEDY_QEMU, "QEMU %u.%u", qemu->major, qemu->minor);
}

void qemu_check(const char *path, struct qemu *qemu, struct checks *checks)
{
	char *answer = malloc(ANSWER_SIZE);

	memset(qemu, 0, sizeof(*qemu));
	if (answer == NULL)
		return;
	check_version(path, qemu, answer, checks);
	if (!qemu->found)
		goto out;
	if (ask(path, (const char *const[]){ "-object", "help", NULL }, answer)) {
		qemu->igvm = has_word(answer, "igvm-cfg");
		qemu->snp = has_word(answer, "sev-snp-guest");
	}
	check_add(checks, qemu->igvm ? VERDICT_GOOD : VERDICT_MISSING, "QEMU that loads IGVM files", REMEDY_QEMU,
		  qemu->igvm ? "it has igvm-cfg" : "it has no object igvm-cfg: it was built without libigvm");
	check_add(checks, qemu->snp ? VERDICT_GOOD : VERDICT_MISSING, "QEMU that starts SEV-SNP guests", REMEDY_QEMU,
		  qemu->snp ? "it has sev-snp-guest" : "it has no object sev-snp-guest");
	if (ask(path, (const char *const[]){ "-machine", "q35,help", NULL }, answer))
		qemu->planes = has_word(answer, "device-plane");
	check_add(checks, qemu->planes ? VERDICT_GOOD : VERDICT_MISSING, "QEMU with several privilege levels (VM planes)",
		  "use the svsm branch of the COCONUT project's QEMU; no released QEMU has them yet",
		  qemu->planes ? "its machine has device-plane" : "its machine has no property device-plane");
out:
	free(answer);
}
