/* SPDX-License-Identifier: MIT */
/*
 * mark N [page | 0xADDRESS]: tells the machine that Linux has come to step N of its part in an attack (docs/hostile-host.md), by port I/O
 * from user space. With "page" it takes a page before, fills it and names it as the step's target, looks at it afterwards, and
 * says what it found: kept, gone (SIGBUS: Linux does not reach it any more) or changed. The page stays taken: a child sleeps
 * with it, for Linux itself would not survive to use it again. An address is that of a page of Linux' own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/nutshell.h"

#define PAGE 4096u
#define PATTERN 0x6B
#define PAGEMAP_FRAME ((1ull << 55) - 1u)

static sigjmp_buf lost;

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(1);
}

static void on_bus_error(int number)
{
	(void)number;
	siglongjmp(lost, 1);
}

static uint64_t physical(const void *page)
{
	FILE *file = fopen("/proc/self/pagemap", "rb");
	uint64_t entry = 0;

	if (file == NULL || fseek(file, (long)((uintptr_t)page / PAGE * sizeof(entry)), SEEK_SET) != 0 ||
	    fread(&entry, sizeof(entry), 1, file) != 1 || (entry & PAGEMAP_FRAME) == 0)
		die("/proc/self/pagemap");
	(void)fclose(file);
	return (entry & PAGEMAP_FRAME) * PAGE;
}

static void mark(uint32_t number, uint64_t target)
{
	outl((uint32_t)target, NUTSHELL_PORT_GPA_LOW);
	outl((uint32_t)(target >> 32), NUTSHELL_PORT_GPA_HIGH);
	outl(number, NUTSHELL_PORT_MARK);
}

static const char *look(const volatile uint8_t *page)
{
	if (sigsetjmp(lost, 1) != 0)
		return "gone";
	for (uint32_t i = 0; i < PAGE; i++) {
		if (page[i] != PATTERN)
			return "changed";
	}
	return "kept";
}

static void hold(uint32_t number)
{
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED || mlock(page, PAGE) != 0 || signal(SIGBUS, on_bus_error) == SIG_ERR)
		die("no page");
	memset(page, PATTERN, PAGE);
	mark(number, physical(page));
	printf("page %u: %s\n", number, look(page));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint32_t number = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	int ready[2];
	char byte;

	if (number == 0 || argc > 3) {
		fputs("usage: mark N [page | 0xADDRESS]\n", stderr);
		return 2;
	}
	if (ioperm(NUTSHELL_PORT_ID, NUTSHELL_PORT_END - NUTSHELL_PORT_ID, 1) != 0)
		die("ioperm");
	if (argc == 2 || strcmp(argv[2], "page") != 0) {
		mark(number, argc == 2 ? 0 : strtoull(argv[2], NULL, 16));
		return 0;
	}
	if (pipe(ready) != 0)
		die("pipe");
	switch (fork()) {
	case -1:
		die("fork");
	case 0:
		hold(number);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	default:
		close(ready[1]);
		return read(ready[0], &byte, 1) < 0; /* until the child has closed its end */
	}
}
