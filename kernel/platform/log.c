/* SPDX-License-Identifier: MIT */
#include "kernel/platform/log.h"

#include "abi/snp.h"
#include "abi/terminate.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/traps.h"
#include "lib/format.h"

static struct spinlock log_lock;
static char ring[LOG_RING_SIZE];
static uint64_t ring_next;
static bool console;
static uint16_t console_port;

void log_enable_console(uint16_t serial_port)
{
	console_port = serial_port;
	console = true;
}

static void emit(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		ring[ring_next++ % LOG_RING_SIZE] = text[i];
	if (console)
		platform_console_write(console_port, text, length);
}

static void line(const char *prefix, const char *format, va_list arguments)
{
	char text[LOG_LINE_MAX + 2];
	size_t length = format_text(text, LOG_LINE_MAX, "%s", prefix);

	length += format_text_v(text + length, LOG_LINE_MAX - length, format, arguments);
	text[length++] = '\r';
	text[length++] = '\n';
	spinlock_acquire(&log_lock);
	emit(text, length);
	spinlock_release(&log_lock);
}

void log_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line("cashew: ", format, arguments);
	va_end(arguments);
}

void log_panic(uint8_t code, const char *format, ...)
{
	va_list arguments;

	/* The lock may be held by the code that failed. */
	log_lock.taken = 0;
	va_start(arguments, format);
	line("cashew: stopped: ", format, arguments);
	va_end(arguments);
	platform_terminate(code);
}

/* Whatever the host does to a page that was accepted, the next access says that it is not validated (APM 2, 15.36.10). */
static bool page_is_gone(const struct trap_frame *frame)
{
	return frame->vector == VECTOR_VC && frame->error == SVM_EXIT_PAGE_NOT_VALIDATED;
}

void trap_unexpected(const struct trap_frame *frame, uint64_t cr2)
{
	static bool stopping;

	/* guards (host): there is memory to say why the VM is stopped */
	if (__atomic_exchange_n(&stopping, true, __ATOMIC_RELAXED))
		platform_terminate(TERMINATE_MEMORY_STATE);
	/* guards (host): memory that the monitor has accepted stays what it was */
	if (page_is_gone(frame))
		log_panic(TERMINATE_MEMORY_STATE, "the host took memory of the monitor away, at 0x%llx, stack 0x%llx",
			  (unsigned long long)frame->rip, (unsigned long long)frame->rsp);
	/* guards (bug): code of the monitor that may fault says so in advance */
	log_panic(TERMINATE_PANIC, "exception %llu error 0x%llx at 0x%llx, cr2 0x%llx, stack 0x%llx",
		  (unsigned long long)frame->vector, (unsigned long long)frame->error,
		  (unsigned long long)frame->rip, (unsigned long long)cr2, (unsigned long long)frame->rsp);
}
