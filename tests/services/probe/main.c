/* SPDX-License-Identifier: MIT */
/* A service that does, on request, what services must not do. */
#include "abi/policy.h"
#include "lib/string.h"
#include "services/bare/bare.h"
#include "tests/services/probe/probe.h"

#define KERNEL_ADDRESS 0xFFFFFFFF80016000ull
#define STACK_SIZE 8192u
#define MAP_SIZE 65536ull
#define RANDOM_CALLS 3000u

/* What a test of instructions leaves. */
void probe_crash(uint64_t op);
uint64_t probe_upcall(void);
uint64_t probe_sse(uint64_t rounds);
uint64_t probe_stack_pointer(void);
uint64_t probe_flags(void);
uint64_t probe_gs(void);
void probe_thread(void);

static struct service_message message;
static int channel, random_handle, other;
static uint64_t random_state = 88172645463325252ull;
volatile uint64_t probe_thread_runs;
volatile uint32_t probe_threads_go; /* until then its threads wait */

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int64_t reply(void)
{
	return service_call(SYS_REPLY, (uint64_t)channel, service_address(&message), 0);
}

/* ---- memory ---- */

static uint64_t test_memory(void)
{
	uint64_t start[512], count = 0, result = 0;

	while (count < ARRAY_SIZE(start)) {
		int64_t address = service_call(SYS_MEMORY_MAP, MAP_SIZE, 0, 0);
		uint64_t *words;

		if (address < 0) {
			result = address == ERR_NO_MEMORY ? 0 : 1;
			break;
		}
		words = (uint64_t *)(uintptr_t)address;
		for (uint64_t i = 0; i < MAP_SIZE / sizeof(*words); i++) {
			if (words[i] != 0)
				return 2;
			words[i] = ~0ull;
		}
		start[count++] = (uint64_t)address;
	}
	if (count == 0 || count == ARRAY_SIZE(start))
		return 3;
	for (uint64_t i = 0; i < count; i++) {
		if (service_call(SYS_MEMORY_UNMAP, start[i], MAP_SIZE, 0) != 0)
			return 4;
	}
	if (service_call(SYS_MEMORY_UNMAP, start[0], MAP_SIZE, 0) != ERR_ADDRESS)
		return 5;
	/* Afterwards as much is to be had as before. */
	return service_call(SYS_MEMORY_UNMAP, (uint64_t)service_call(SYS_MEMORY_MAP, MAP_SIZE, 0, 0), MAP_SIZE, 0) == 0 ?
		       result :
		       6;
}

/* ---- system calls ---- */

struct bad_call {
	uint64_t number, a, b, c;
	int64_t expected;
};

static uint64_t test_bad_calls(void)
{
	uint64_t here = service_address(&message), text = service_address((const void *)(uintptr_t)&test_memory);
	const struct bad_call calls[] = {
		{ SYS_COUNT, 0, 0, 0, ERR_UNSUPPORTED },
		{ ~0ull, 0, 0, 0, ERR_UNSUPPORTED },
		{ 1ull << 32, 0, 0, 0, ERR_UNSUPPORTED },
		{ SYS_LOG, 31, here, 1, ERR_INVALID },
		{ SYS_LOG, 32, here, 1, ERR_INVALID },
		{ SYS_LOG, ~0ull, here, 1, ERR_INVALID },
		{ SYS_LOG, (uint64_t)service_handle("log"), KERNEL_ADDRESS, 8, ERR_ADDRESS },
		{ SYS_LOG, (uint64_t)service_handle("log"), 0, 8, ERR_ADDRESS },
		{ SYS_LOG, (uint64_t)service_handle("log"), ~0ull - 3, 8, ERR_ADDRESS },
		{ SYS_LOG, (uint64_t)service_handle("log"), here, 0, ERR_INVALID },
		{ SYS_LOG, (uint64_t)service_handle("log"), here, SERVICE_LOG_MAX + 1, ERR_INVALID },
		{ SYS_RANDOM, (uint64_t)service_handle("log"), here, 8, ERR_INVALID },
		{ SYS_RANDOM, (uint64_t)random_handle, text, 8, ERR_ADDRESS },
		{ SYS_RANDOM, (uint64_t)random_handle, KERNEL_ADDRESS, 8, ERR_ADDRESS },
		{ SYS_RANDOM, (uint64_t)random_handle, here, SERVICE_RANDOM_MAX + 1, ERR_INVALID },
		{ SYS_MEMORY_MAP, 0, 0, 0, ERR_INVALID },
		{ SYS_MEMORY_MAP, ~0ull, 0, 0, ERR_INVALID },
		{ SYS_MEMORY_MAP, 16ull << 20, 0, 0, ERR_NO_MEMORY },
		{ SYS_MEMORY_UNMAP, 0, 4096, 0, ERR_INVALID },
		{ SYS_MEMORY_UNMAP, text & ~4095ull, 4096, 0, ERR_ADDRESS },
		{ SYS_MEMORY_UNMAP, KERNEL_ADDRESS, 4096, 0, ERR_INVALID },
		{ SYS_MEMORY_UNMAP, 4096, ~4095ull, 0, ERR_INVALID },
		{ SYS_SET_TLS, KERNEL_ADDRESS, 0, 0, ERR_ADDRESS },
		{ SYS_SET_TLS, 1ull << 63, 0, 0, ERR_ADDRESS },
		{ SYS_SET_UPCALL, KERNEL_ADDRESS, 0, 0, ERR_ADDRESS },
		{ SYS_THREAD_CREATE, KERNEL_ADDRESS, here, 0, ERR_ADDRESS },
		{ SYS_THREAD_CREATE, text, KERNEL_ADDRESS, 0, ERR_ADDRESS },
		{ SYS_THREAD_CREATE, 0x0000800000000000ull, here, 0, ERR_ADDRESS },
		{ SYS_HANDLE_CLOSE, 32, 0, 0, ERR_INVALID },
		{ SYS_HANDLE_CLOSE, 31, 0, 0, ERR_INVALID },
		{ SYS_CALL, (uint64_t)channel, here, 0, ERR_INVALID },
		{ SYS_CALL, 99, here, 0, ERR_INVALID },
		{ SYS_RECEIVE, (uint64_t)random_handle, here, 0, ERR_INVALID },
		{ SYS_REPLY, (uint64_t)random_handle, here, 0, ERR_INVALID },
		{ SYS_REPLY, (uint64_t)channel, KERNEL_ADDRESS, 0, ERR_ADDRESS },
		{ SYS_CHANNEL_CREATE, here, 0, 0, ERR_PERMISSION },
		{ SYS_FILE_MAP, 0, here, here, ERR_INVALID },
		{ SYS_FILE_MAP, 2, here, here, ERR_INVALID },
		{ SYS_PROCESS_START, 2, here, 0, ERR_INVALID },
		{ SYS_PROCESS_WAIT, here, 0, 0, ERR_STATE },
		{ SYS_PUBLISH, 3, 2, (uint64_t)channel, ERR_INVALID },
	};

	for (uint64_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (service_call(calls[i].number, calls[i].a, calls[i].b, calls[i].c) != calls[i].expected)
			return i + 1;
	}
	return 0;
}

static uint64_t random_argument(void)
{
	static const uint64_t edges[] = { 0, 1, 4096, ~0ull, KERNEL_ADDRESS, 1ull << 63, 0x3FFFF000, 0x40000000, 0x10000 };
	uint64_t value = next_random();

	switch (value % 4) {
	case 0:
		return value >> 32 & 15;
	case 1:
		return edges[(value >> 8) % ARRAY_SIZE(edges)];
	case 2:
		return service_address(&message) & ~(value >> 20 & 1 ? 4095ull : 0);
	default:
		return next_random();
	}
}

/* Any system call but those that end or block the service, with any arguments. */
static uint64_t test_random_calls(void)
{
	static const uint64_t left_out[] = { SYS_EXIT, SYS_LOG, SYS_THREAD_EXIT, SYS_RECEIVE, SYS_REPLY, SYS_HANDLE_CLOSE,
					     SYS_THREAD_CREATE, SYS_SET_UPCALL, SYS_MEMORY_UNMAP };

	for (uint32_t i = 0; i < RANDOM_CALLS; i++) {
		uint64_t number = next_random() % (SYS_COUNT + 4);
		bool allowed = true;

		for (uint32_t j = 0; j < ARRAY_SIZE(left_out); j++)
			allowed = allowed && number != left_out[j];
		if (allowed)
			(void)service_call(number, random_argument(), random_argument(), random_argument());
	}
	return 0;
}

/* ---- the rest ---- */

static uint64_t test_random(void)
{
	uint64_t a[4] = { 0 }, b[4] = { 0 };

	if (service_call(SYS_RANDOM, (uint64_t)random_handle, service_address(a), sizeof(a)) != 0 ||
	    service_call(SYS_RANDOM, (uint64_t)random_handle, service_address(b), sizeof(b)) != 0)
		return 1;
	for (uint32_t i = 0; i < 4; i++) {
		if (a[i] == b[i] || a[i] == 0 || b[i] == 0)
			return 2;
	}
	return 0;
}

static uint64_t test_clock(void)
{
	int64_t before = service_call(SYS_CLOCK, 0, 0, 0);

	for (uint32_t i = 0; i < 1000; i++) {
		int64_t now = service_call(SYS_CLOCK, 0, 0, 0);

		if (now < before)
			return 1;
		before = now;
	}
	return 0;
}

static uint64_t test_threads(void)
{
	static uint8_t stacks[3][STACK_SIZE] __attribute__((aligned(16)));

	probe_thread_runs = 0;
	probe_threads_go = 0;
	for (uint32_t i = 0; i < 3; i++) {
		if (service_call(SYS_THREAD_CREATE, service_address((const void *)(uintptr_t)&probe_thread),
				 service_address(stacks[i] + STACK_SIZE), 7) != 0)
			return 1;
	}
	if (service_call(SYS_THREAD_CREATE, service_address((const void *)(uintptr_t)&probe_thread),
			 service_address(stacks[0] + STACK_SIZE), 7) != ERR_NO_MEMORY)
		return 2;
	probe_threads_go = 1;
	for (uint32_t i = 0; i < 1000 && probe_thread_runs < 21; i++)
		(void)service_call(SYS_YIELD, 0, 0, 0);
	return probe_thread_runs == 21 ? 0 : 3;
}

static void overflow_stack(void)
{
	volatile uint8_t *at = (volatile uint8_t *)__builtin_frame_address(0);

	for (;;)
		*--at = 1;
}

/* Asks the other probe: an operation that it survives, or one that ends it. */
static uint64_t test_call(uint64_t op)
{
	struct service_message request = { .size = 2 * sizeof(uint64_t) };
	const uint64_t words[2] = { op, 77 };
	uint64_t answer;
	int64_t result;

	memcpy(request.data, words, sizeof(words));
	result = service_call(SYS_CALL, (uint64_t)other, service_address(&request), 0);
	memcpy(&answer, request.data, sizeof(answer));
	if (op == PROBE_ECHO)
		return result == 0 && answer == 77 && request.size == sizeof(answer) ? 0 : 1;
	return result == ERR_STATE ? 0 : 2;
}

/* Answers that are wrong on purpose; true: the answer was given. */
static bool reply_wrongly(uint64_t op)
{
	static uint8_t text_page[1];

	switch (op) {
	case PROBE_REPLY_TOO_LONG:
		message.size = SERVICE_MESSAGE_MAX + 1;
		break;
	case PROBE_REPLY_TOO_MANY_PAGES:
		message.pages = SERVICE_MESSAGE_PAGES_MAX + 1;
		break;
	case PROBE_REPLY_KERNEL_PAGE:
		message.address = KERNEL_ADDRESS;
		break;
	case PROBE_REPLY_TEXT_PAGE:
		message.address = service_address(text_page) & ~4095ull;
		break;
	case PROBE_REPLY_KERNEL_POINTER:
		return service_call(SYS_REPLY, (uint64_t)channel, KERNEL_ADDRESS, 0) == 0;
	case PROBE_REPLY_TWICE:
		return reply() == 0 && reply() == ERR_STATE;
	case PROBE_REPLY_NO_PAGE:
		message.pages = 0;
		return reply() == 0;
	default:
		return true; /* no reply at all */
	}
	return reply() == 0;
}

static uint64_t secure_boot(void)
{
	static const char *const modes[] = { [POLICY_SECURE_BOOT_OFF] = "off", [POLICY_SECURE_BOOT_SETUP] = "setup",
					     [POLICY_SECURE_BOOT_DEPLOYED] = "deployed" };
	const char *mode = service_environment("SECURE_BOOT");

	for (uint64_t i = 0; mode != NULL && i < ARRAY_SIZE(modes); i++) {
		if (strcmp(mode, modes[i]) == 0)
			return i;
	}
	return ~0ull;
}

static uint64_t run_test(uint64_t op, uint64_t argument)
{
	switch (op) {
	case PROBE_FLAGS:
		return probe_flags();
	case PROBE_GS:
		return probe_gs();
	case PROBE_STACK_POINTER:
		return probe_stack_pointer();
	case PROBE_UPCALL:
		return probe_upcall();
	case PROBE_SSE:
		return probe_sse(argument);
	case PROBE_MEMORY:
		return test_memory();
	case PROBE_BAD_CALLS:
		return test_bad_calls();
	case PROBE_RANDOM_CALLS:
		return test_random_calls();
	case PROBE_RANDOM:
		return test_random();
	case PROBE_CLOCK:
		return test_clock();
	case PROBE_THREADS:
		return test_threads();
	case PROBE_CALL:
		return test_call(argument);
	case PROBE_SECURE_BOOT:
		return secure_boot();
	default:
		return ~0ull;
	}
}

static void serve(uint64_t op, uint64_t argument)
{
	uint64_t result = argument;

	if (op == PROBE_LOOP) {
		for (;;)
			__asm__ volatile("" : : : "memory");
	}
	if (op == PROBE_LOOP_SYSCALLS) {
		for (;;)
			(void)service_call(SYS_YIELD, 0, 0, 0);
	}
	if (op == PROBE_STACK_OVERFLOW)
		overflow_stack();
	if (op == PROBE_EXIT)
		service_exit(3);
	if (op != PROBE_ECHO && op <= PROBE_LAST_FATAL)
		probe_crash(op);
	if (op >= PROBE_REPLY_TOO_LONG && op <= PROBE_NO_REPLY) {
		if (reply_wrongly(op))
			return;
		result = 0; /* it was refused, as it should be: answer properly */
		message.pages = 0;
	}
	if (op == PROBE_ECHO && message.pages == 1) {
		uint8_t *page = (uint8_t *)(uintptr_t)message.address;

		for (uint32_t i = 0; i < PAGE_SIZE; i++)
			page[i] = (uint8_t)~page[i];
	}
	if (op > PROBE_NO_REPLY) {
		struct service_message saved = message;

		result = run_test(op, argument);
		message = saved;
	}
	message.size = sizeof(result);
	memcpy(message.data, &result, sizeof(result));
	(void)reply();
}

void service_main(void)
{
	const char *mode = service_environment("PROBE_MODE");

	channel = service_handle(service_environment("CHANNEL"));
	other = service_handle("probe");
	random_handle = service_handle("random");
	for (;;) {
		uint64_t words[2];

		if (service_call(SYS_RECEIVE, (uint64_t)channel, service_address(&message), 0) != 0)
			service_exit(1);
		memcpy(words, message.data, sizeof(words));
		if ((uint32_t)words[0] == SERVICE_OP_RESET) {
			message.size = sizeof(struct reset_reply);
			memset(message.data, 0, message.size);
			(void)reply();
			continue;
		}
		if (mode != NULL) {
			words[0] = PROBE_ECHO;
			words[1] = PROBE_FAILED;
		}
		serve(words[0], words[1]);
	}
}
