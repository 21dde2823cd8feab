/* SPDX-License-Identifier: MIT */
/*
 * The Linux system calls that musl makes, by what they are for. Runs inside the caller's system call: it may use neither
 * vector registers nor the C library. Numbers and structures: Linux on x86-64.
 */
#include "services/rt/rt.h"

#define LINUX_WRITE 1u
#define LINUX_MMAP 9u
#define LINUX_MPROTECT 10u
#define LINUX_MUNMAP 11u
#define LINUX_BRK 12u
#define LINUX_RT_SIGACTION 13u
#define LINUX_RT_SIGPROCMASK 14u
#define LINUX_IOCTL 16u
#define LINUX_WRITEV 20u
#define LINUX_SCHED_YIELD 24u
#define LINUX_MREMAP 25u
#define LINUX_MADVISE 28u
#define LINUX_GETPID 39u
#define LINUX_EXIT 60u
#define LINUX_GETTIMEOFDAY 96u
#define LINUX_GETUID 102u
#define LINUX_GETGID 104u
#define LINUX_GETEUID 107u
#define LINUX_GETEGID 108u
#define LINUX_ARCH_PRCTL 158u
#define LINUX_GETTID 186u
#define LINUX_TKILL 200u
#define LINUX_TIME 201u
#define LINUX_SET_TID_ADDRESS 218u
#define LINUX_CLOCK_GETTIME 228u
#define LINUX_EXIT_GROUP 231u
#define LINUX_GETRANDOM 318u
#define LINUX_CALLS 512u /* higher numbers are not told apart in the log */
#define FIRST_DIGIT 12u   /* of the number in that text */

#define LINUX_EIO 5
#define LINUX_EBADF 9
#define LINUX_ENOMEM 12
#define LINUX_EINVAL 22
#define LINUX_ENOTTY 25
#define LINUX_ENOSYS 38

#define ARCH_SET_FS 0x1002u
#define MAP_SHARED 0x01u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define PROTECTION_EXECUTE 0x4u
#define STANDARD_OUTPUT 1u
#define STANDARD_ERROR 2u
#define VECTORS_MAX 1024u
#define SIGNAL_EXIT 128u
#define PROCESS_ID 1
#define NS_PER_S 1000000000u
#define NS_PER_US 1000u

struct io_vector {
	uint64_t base, length;
};

struct time_pair {
	int64_t seconds, rest;
};

static int handle_of_log = -1, handle_of_random = -1;
static char line[SERVICE_LOG_MAX];
static uint64_t line_length;

void rt_linux_init(int log_handle, int random_handle)
{
	handle_of_log = log_handle;
	handle_of_random = random_handle;
}

/* ---- the log ---- */

static void end_line(void)
{
	if (line_length > 0 && handle_of_log >= 0)
		(void)rt_call(SYS_LOG, (uint64_t)handle_of_log, rt_address(line), line_length);
	line_length = 0;
}

static void put(const char *text, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++) {
		if (text[i] == '\n') {
			end_line();
			continue;
		}
		if (line_length == sizeof(line))
			end_line();
		line[line_length++] = text[i];
	}
}

static int64_t call_writev(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	const struct io_vector *vector = (const struct io_vector *)(uintptr_t)argument[1];
	uint64_t sum = 0;

	if (argument[0] != STANDARD_OUTPUT && argument[0] != STANDARD_ERROR)
		return -LINUX_EBADF;
	if (argument[2] > VECTORS_MAX)
		return -LINUX_EINVAL;
	for (uint64_t i = 0; i < argument[2]; i++) {
		put((const char *)(uintptr_t)vector[i].base, vector[i].length);
		sum += vector[i].length;
	}
	return (int64_t)sum;
}

static int64_t call_write(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	const struct io_vector vector = { argument[1], argument[2] };
	const uint64_t all[RT_LINUX_ARGUMENTS] = { argument[0], rt_address(&vector), 1 };

	return call_writev(all);
}

/* A call that nobody serves: the first of each number is worth a line. */
static int64_t refuse(uint64_t number)
{
	static uint64_t seen[LINUX_CALLS / 64];
	static char text[] = "system call     of the C library is not served\n";
	uint32_t at = FIRST_DIGIT + 2;

	if (number >= LINUX_CALLS || (seen[number / 64] >> number % 64 & 1) != 0)
		return -LINUX_ENOSYS;
	seen[number / 64] |= 1ull << number % 64;
	for (uint64_t rest = number; at >= FIRST_DIGIT; rest /= 10)
		text[at--] = (char)('0' + rest % 10);
	put(text, sizeof(text) - 1);
	return -LINUX_ENOSYS;
}

/* ---- memory ---- */

static int64_t call_mmap(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	int64_t result;

	if ((argument[3] & MAP_ANONYMOUS) == 0 || (argument[3] & (MAP_FIXED | MAP_SHARED)) != 0 ||
	    (argument[2] & PROTECTION_EXECUTE) != 0)
		return -LINUX_EINVAL;
	result = rt_call(SYS_MEMORY_MAP, argument[1], 0, 0);
	return result < 0 ? -LINUX_ENOMEM : result;
}

static int64_t call_munmap(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	uint64_t size = argument[1];

	if (size > UINT64_MAX - PAGE_SIZE)
		return -LINUX_EINVAL;
	return rt_call(SYS_MEMORY_UNMAP, argument[0], align_up(size, PAGE_SIZE), 0) == 0 ? 0 : -LINUX_EINVAL;
}

/* ---- time ---- */

static int64_t tell_time(uint64_t where, uint64_t unit)
{
	uint64_t now = (uint64_t)rt_call(SYS_CLOCK, 0, 0, 0);
	struct time_pair *pair = (struct time_pair *)(uintptr_t)where;

	if (pair != NULL) {
		pair->seconds = (int64_t)(now / NS_PER_S);
		pair->rest = (int64_t)(now % NS_PER_S / unit);
	}
	return 0;
}

static int64_t call_time(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	int64_t seconds = rt_call(SYS_CLOCK, 0, 0, 0) / (int64_t)NS_PER_S;

	if (argument[0] != 0)
		*(int64_t *)(uintptr_t)argument[0] = seconds;
	return seconds;
}

/* ---- the rest ---- */

static int64_t call_getrandom(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	uint64_t done = 0, size = argument[1];

	if (handle_of_random < 0 || size > INT64_MAX)
		return -LINUX_EIO;
	while (done < size) {
		uint64_t chunk = size - done < SERVICE_RANDOM_MAX ? size - done : SERVICE_RANDOM_MAX;

		if (rt_call(SYS_RANDOM, (uint64_t)handle_of_random, argument[0] + done, chunk) != 0)
			return -LINUX_EIO;
		done += chunk;
	}
	return (int64_t)size;
}

static __noreturn void end(uint64_t code)
{
	end_line();
	for (;;)
		(void)rt_call(SYS_EXIT, code, 0, 0);
}

int64_t rt_linux_call(uint64_t number, const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	switch (number) {
	case LINUX_WRITE: return call_write(argument);
	case LINUX_WRITEV: return call_writev(argument);
	case LINUX_MMAP: return call_mmap(argument);
	case LINUX_MUNMAP: return call_munmap(argument);
	case LINUX_CLOCK_GETTIME: return tell_time(argument[1], 1);
	case LINUX_GETTIMEOFDAY: return tell_time(argument[0], NS_PER_US);
	case LINUX_TIME: return call_time(argument);
	case LINUX_GETRANDOM: return call_getrandom(argument);
	case LINUX_SCHED_YIELD: return rt_call(SYS_YIELD, 0, 0, 0);
	case LINUX_EXIT:
	case LINUX_EXIT_GROUP: end(argument[0]);
	case LINUX_TKILL: end(SIGNAL_EXIT + argument[1]); /* of itself: abort() */
	case LINUX_ARCH_PRCTL:
		if (argument[0] != ARCH_SET_FS)
			return -LINUX_EINVAL;
		return rt_call(SYS_SET_TLS, argument[1], 0, 0) == 0 ? 0 : -LINUX_EINVAL;
	case LINUX_SET_TID_ADDRESS:
	case LINUX_GETTID:
	case LINUX_GETPID: return PROCESS_ID;
	case LINUX_GETUID:
	case LINUX_GETGID:
	case LINUX_GETEUID:
	case LINUX_GETEGID: return 0;
	case LINUX_RT_SIGACTION:
	case LINUX_RT_SIGPROCMASK: return 0; /* there are no signals: all masks are the same */
	case LINUX_IOCTL: return -LINUX_ENOTTY;
	/* What musl's memory allocator tries and can do without. */
	case LINUX_BRK:
	case LINUX_MPROTECT:
	case LINUX_MREMAP:
	case LINUX_MADVISE: return -LINUX_ENOSYS;
	default: return refuse(number);
	}
}
