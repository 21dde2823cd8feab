/* SPDX-License-Identifier: MIT */
/*
 * What lies between an engine that was compiled for glibc and musl: the checking variants of functions that glibc's
 * headers put in, and regexec(), whose result has another layout. Each checks what its glibc namesake checks. Also
 * functions in place of libcrypto's that ask the processor, and replacements of functions of the engine that are wrong; the
 * build renames or weakens the others (mk/vtpm.mk).
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

/* The engine saw glibc's structures: these must not be smaller. */
_Static_assert(sizeof(regex_t) == 64, "regex_t as in glibc");
_Static_assert(sizeof(jmp_buf) == 200, "jmp_buf as in glibc");

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *__memset_chk(void *to, int value, size_t size, size_t room);
int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list arguments);
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...);
int __vasprintf_chk(char **to, int flag, const char *format, va_list arguments);
int __asprintf_chk(char **to, int flag, const char *format, ...);
int __vdprintf_chk(int file, int flag, const char *format, va_list arguments);
int __dprintf_chk(int file, int flag, const char *format, ...);
unsigned long __isoc23_strtoul(const char *text, char **end, int base);
void __longjmp_chk(jmp_buf buffer, int value) __noreturn;

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	if (size > room)
		abort();
	return memcpy(to, from, size);
}

void *__memset_chk(void *to, int value, size_t size, size_t room)
{
	if (size > room)
		abort();
	return memset(to, value, size);
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list arguments)
{
	(void)flag;
	if (size > room)
		abort();
	return vsnprintf(to, size, format, arguments);
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = __vsnprintf_chk(to, size, flag, room, format, arguments);
	va_end(arguments);
	return result;
}

int __vasprintf_chk(char **to, int flag, const char *format, va_list arguments)
{
	(void)flag;
	return vasprintf(to, format, arguments);
}

int __asprintf_chk(char **to, int flag, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = __vasprintf_chk(to, flag, format, arguments);
	va_end(arguments);
	return result;
}

int __vdprintf_chk(int file, int flag, const char *format, va_list arguments)
{
	(void)flag;
	return vdprintf(file, format, arguments);
}

int __dprintf_chk(int file, int flag, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = __vdprintf_chk(file, flag, format, arguments);
	va_end(arguments);
	return result;
}

unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
	return strtoul(text, end, base);
}

void __longjmp_chk(jmp_buf buffer, int value)
{
	longjmp(buffer, value);
}

/* ---- regexec(): positions are int in glibc, long in musl ---- */

#define MATCHES_MAX 16u

struct glibc_match {
	int start, end;
};

int __real_regexec(const regex_t *regex, const char *text, size_t count, regmatch_t *match, int flags);
int __wrap_regexec(const regex_t *regex, const char *text, size_t count, struct glibc_match *match, int flags);

int __wrap_regexec(const regex_t *regex, const char *text, size_t count, struct glibc_match *match, int flags)
{
	regmatch_t found[MATCHES_MAX];
	int result;

	if (count > MATCHES_MAX)
		abort();
	result = __real_regexec(regex, text, count, found, flags);
	for (size_t i = 0; result == 0 && i < count; i++)
		match[i] = (struct glibc_match){ (int)found[i].rm_so, (int)found[i].rm_eo };
	return result;
}

/* ---- what libcrypto asks of the processor; the build has taken its own functions away (mk/vtpm.mk) ---- */

#define CAPABILITIES 0x42D82203178BFBFFull

uint64_t OPENSSL_ia32_cpuid(unsigned int *more);
uint32_t OPENSSL_rdtsc(void);

/*
 * EDX and ECX of CPUID 1, in libcrypto's order. CPUID would be an exit to the host, which answers as it likes: SSE 4.2, AES
 * and PCLMULQDQ are what every processor with SEV-SNP has. No AVX: its registers are not the services' to use.
 */
uint64_t OPENSSL_ia32_cpuid(unsigned int *more)
{
	(void)more; /* further words, zero from the start */
	return CAPABILITIES;
}

/* 0: there is no such counter. It would choose what a full cache drops. */
uint32_t OPENSSL_rdtsc(void)
{
	return 0;
}

/* ---- repairs ---- */

struct sized_buffer {
	uint16_t size;
	uint8_t data[];
};

void MemoryPad2B(struct sized_buffer *buffer, uint16_t size);

/* The engine's own takes size - buffer->size for a length also when that is negative. */
void MemoryPad2B(struct sized_buffer *buffer, uint16_t size)
{
	if (size <= buffer->size)
		return;
	memset(&buffer->data[buffer->size], 0, (size_t)(size - buffer->size));
	buffer->size = size;
}
