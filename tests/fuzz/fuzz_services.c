/* SPDX-License-Identifier: MIT */
/*
 * Processes that make any system call with any arguments, in any order, a guest that calls through the door, and an
 * allocator that fails: what process.h promises holds after each step, and nothing is left at the end.
 */
#include "tests/mock/mock.h"
#include "tests/mock/services.h"

#define PROTOCOL 0x70000001u
#define MESSAGE (BENCH_DATA + 0x100)
#define LIMIT (48u * PAGE_SIZE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t left;
static uint32_t baseline;

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static uint8_t next(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

static uint64_t any_number(void)
{
	uint64_t number = 0;

	for (uint32_t i = 0; i < 8; i++)
		number = number << 8 | next();
	return number;
}

/* Mostly what could be right, sometimes anything. */
static uint64_t argument(void)
{
	static const uint64_t places[] = { MESSAGE,    BENCH_DATA, BENCH_CODE, 0x10000000, 0x10001000, 0x10010000,
					   MONITOR_VA, ~0ull,      1ull << 63, SPACE_END,  PAGE_SIZE,  4 * PAGE_SIZE };
	uint8_t kind = next();

	if (kind < 160)
		return kind % 16u;
	if (kind >= 248)
		return any_number();
	return places[kind % ARRAY_SIZE(places)] + (kind >= 240 ? next() : 0);
}

static const struct thread *running(const struct user_context *context)
{
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		if (thread_by_index(i)->state != THREAD_FREE && thread_by_index(i)->context == context)
			return thread_by_index(i);
	}
	__builtin_trap();
}

static void write_message(const struct process *process)
{
	struct service_message *message = space_pointer(&process->space, va(MESSAGE), true);

	message->size = next() % (SERVICE_MESSAGE_MAX + 4u);
	message->pages = next() % (SERVICE_MESSAGE_PAGES_MAX + 2u);
	message->address = 0x10000000ull + next() % 8u * PAGE_SIZE;
}

/* For SYS_PROCESS_START: a child with some of the process's handles. */
static void write_start(const struct process *process)
{
	struct service_start start = { .name = "child", .file = "p", .memory_limit = LIMIT, .handle_count = next() % 6u };

	for (uint32_t i = 0; i < start.handle_count; i++)
		start.handle[i] = next() % 8;
	memcpy(space_pointer(&process->space, va(BENCH_DATA), true), &start, sizeof(start));
}

static void ring3(struct user_context *context, uint64_t root)
{
	const struct thread *thread = running(context);

	(void)root;
	require(space_root(&thread->process->space) == root && thread->state == THREAD_READY);
	mock_frame_countdown = 0;
	require(bench_holds(baseline)); /* after the system call before this one, and what it made others do */
	context->frame.vector = VECTOR_TIMER;
	if (left == 0)
		return;
	switch (next() % 16u) {
	case 0:
		context->frame.vector = next() % 32u;
		break;
	case 1:
		context->frame.vector = VECTOR_OTHER;
		break;
	case 2:
		mock_frame_countdown = next() % 8u;
		mock_system_call(context, next() % (SYS_COUNT + 1u), argument(), argument(), argument());
		context->frame.rip = BENCH_CODE;
		break;
	case 7: /* what follows the making of a channel and the mapping of a page or two */
		write_message(thread->process);
		mock_system_call(context, SYS_CALL + next() % 3u, 4u + next() % 4u, MESSAGE, 0);
		context->frame.rip = BENCH_CODE;
		break;
	case 6:
		mock_system_call(context, any_number(), any_number(), any_number(), any_number());
		context->frame.r10 = any_number();
		context->frame.rip = BENCH_CODE;
		break;
	case 3:
	case 4:
		write_message(thread->process);
		break;
	case 5:
		write_start(thread->process);
		break;
	default:
		mock_system_call(context, next() % (SYS_COUNT + 1u), argument(), argument(), argument());
		context->frame.r10 = argument();
		context->frame.rip = BENCH_CODE;
		break;
	}
}

static int fill(void *context, uint8_t *data, uint32_t *size, uint8_t *page)
{
	(void)context;
	memset(data, 0, 8);
	page[0] = 1;
	*size = 8;
	return next() == 7 ? ERR_ADDRESS : 0;
}

static int fetch(void *context, const uint8_t *data, uint32_t size, const uint8_t *page)
{
	(void)context;
	(void)data;
	require(size <= SERVICE_MESSAGE_MAX);
	return page != NULL && page[0] == 7 ? ERR_ADDRESS : 0;
}

static void guest_calls(void)
{
	const struct door_exchange exchange = { .protocol = PROTOCOL, .vcpu = next() % 2u, .key = next() % 2u, .fill = fill,
						.fetch = fetch };
	int error = door_exchange(&exchange);

	require(error == 0 || error == ERR_INCOMPLETE || error == ERR_BUSY || error == ERR_UNSUPPORTED ||
		error == ERR_STATE || error == ERR_ADDRESS || error == ERR_NO_MEMORY);
}

static void step(void)
{
	struct process *process;

	switch (next() % 4u) {
	case 0:
		(void)bench_process(NULL, LIMIT, &process);
		break;
	case 1:
		guest_calls();
		break;
	case 2:
		mock_clock += 300ull * 20000u;
		break;
	default:
		(void)services_run(NULL, 1);
		break;
	}
	mock_frame_countdown = 0;
	require(bench_holds(baseline));
}

/* The door's request may outlive what it was for: another vCPU's call after a long time drops it. */
static void clean_up(void)
{
	bench_end_all();
	for (uint64_t i = 0; i < 8; i++) {
		const struct door_exchange exchange = { .protocol = PROTOCOL, .vcpu = 2 + i % 2, .key = i, .fill = fill,
							.fetch = fetch };

		(void)door_exchange(&exchange);
		mock_clock += 2000ull * 20000u;
	}
	require(mock_frames_used == baseline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct test_elf elf;
	struct process *process;

	input = data;
	left = size;
	if (baseline == 0) {
		bench_program(&elf);
		bench_archive(&elf);
		mock_user = ring3;
		baseline = mock_frames_used;
	}
	require(bench_process(NULL, LIMIT, &process) == 0);
	while (left > 0)
		step();
	clean_up();
	return 0;
}
