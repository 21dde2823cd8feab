/* SPDX-License-Identifier: MIT */
/* Before the C library: there is no thread-local storage yet, so nothing here may use any of it. */
#include "services/rt/rt.h"

#define WORDS_MAX 128u
#define EXIT_START 127u

/* What musl's crt1 would name. */
int main(int argc, char **argv, char **envp);
void _init(void);
void _fini(void);
int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*unused)(void));

static bool starts_with(const char *text, const char *start)
{
	while (*start != 0 && *text == *start) {
		text++;
		start++;
	}
	return *start == 0;
}

static void find_handles(const uint64_t *environment)
{
	for (uint32_t i = 0; environment[i] != 0; i++) {
		const char *text = (const char *)(uintptr_t)environment[i];

		if (starts_with(text, "HANDLES="))
			rt_linux_init(rt_find_handle(text + 8, "log"), rt_find_handle(text + 8, "random"));
	}
}

/* Copies argc, argv, the environment and the auxiliary vector. */
static bool copy_words(const uint64_t *from, uint64_t *to)
{
	uint64_t used = 0, argc = from[0];

	if (argc > WORDS_MAX / 2)
		return false;
	while (used < argc + 2) {
		to[used] = from[used];
		used++;
	}
	from += used;
	find_handles(from);
	while (used < WORDS_MAX - 2 && *from != 0)
		to[used++] = *from++;
	to[used++] = *from++;
	while (used + 2 < WORDS_MAX) {
		to[used++] = from[0];
		to[used++] = from[1];
		if (from[0] == 0)
			return true;
		from += 2;
	}
	return false;
}

void rt_start(uint64_t *stack)
{
	static uint64_t words[WORDS_MAX];

	if (copy_words(stack, words))
		(void)__libc_start_main(main, (int)words[0], (char **)&words[1], _init, _fini, NULL);
	for (;;)
		(void)rt_call(SYS_EXIT, EXIT_START, 0, 0);
}
