/* SPDX-License-Identifier: MIT */
/* Processes, channels, system calls and the door, on the mock platform: ring 3 is a function of the test. */
#include "abi/nutshell.h"
#include "abi/svsm.h"
#include "kernel/protocol/protocol.h"
#include "tests/mock/mock.h"
#include "tests/mock/services.h"
#include "tests/unit/unit.h"

#define PROTOCOL 0x70000000u
#define MESSAGE (BENCH_DATA + 0x100)
#define LIMIT (64u * PAGE_SIZE)

static struct test_elf elf;
static uint32_t baseline; /* frames in use when no process runs */

/* What the threads do next: one system call each time they run, then they wait for the timer. */
struct step {
	struct process *process;
	uint64_t number, a, b, c;
	int64_t result;
	bool issued;
};
static struct step steps[32];
static uint32_t step_count;

static struct thread *running(const struct user_context *context)
{
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		if (thread_by_index(i)->state != THREAD_FREE && thread_by_index(i)->context == context)
			return thread_by_index(i);
	}
	return NULL;
}

static void play(struct user_context *context, uint64_t root)
{
	const struct process *process = running(context)->process;

	(void)root;
	for (uint32_t i = 0; i < step_count; i++) {
		struct step *step = &steps[i];

		if (step->process != process)
			continue;
		if (step->issued) {
			if (step->result == INT64_MIN)
				step->result = (int64_t)context->frame.rax;
			continue;
		}
		step->issued = true;
		step->result = INT64_MIN;
		mock_system_call(context, step->number, step->a, step->b, step->c);
		context->frame.rip = BENCH_CODE;
		return;
	}
}

static void begin(void)
{
	mock_reset();
	bench_program(&elf);
	bench_archive(&elf);
	bench_end_all();
	mock_user = play;
	step_count = 0;
	baseline = mock_frames_used;
	CHECK(bench_holds(baseline));
}

static struct process *make(struct process *parent)
{
	struct process *process = NULL;

	CHECK_EQ(bench_process(parent, LIMIT, &process), 0);
	return process;
}

static struct step *add(struct process *process, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	steps[step_count] = (struct step){ .process = process, .number = number, .a = a, .b = b, .c = c };
	return &steps[step_count++];
}

static int64_t now(struct process *process, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	struct step *step = add(process, number, a, b, c);

	(void)services_run(NULL, 5);
	CHECK(bench_holds(baseline));
	return step->result;
}

static struct service_message *message(struct process *process)
{
	return space_pointer(&process->space, va(MESSAGE), true);
}

/* Its next message moves a page. */
static void offer_page(struct process *client)
{
	*message(client) = (struct service_message){ .pages = 1,
						     .address = (uint64_t)now(client, SYS_MEMORY_MAP, PAGE_SIZE, 0, 0) };
}

static int exchange(uint64_t vcpu, uint64_t key);

/* A request that the door still holds is dropped by other vCPUs after a while. */
static void end(void)
{
	bench_end_all();
	for (uint64_t i = 0; mock_frames_used != baseline && i < 8; i++) {
		CHECK(exchange(2 + i % 2, i) != 0);
		mock_clock += 2000ull * 20000u;
	}
	CHECK_EQ(mock_frames_used, baseline);
}

/* Client and server of one channel; handle 4 of each. */
static uint32_t connect(struct process *server, struct process *client)
{
	uint32_t channel = 0;

	CHECK_EQ(channel_create(&channel), 0);
	CHECK_EQ(handle_add(server, (struct handle){ HANDLE_SERVER, channel }), 4);
	if (client != NULL)
		CHECK_EQ(handle_add(client, (struct handle){ HANDLE_CLIENT, channel }), 4);
	return channel;
}

/* The two ends of a channel. */
static void begin_pair(struct process **server, struct process **client)
{
	begin();
	*server = make(NULL);
	*client = make(NULL);
	(void)connect(*server, *client);
}

/* ---- loading ---- */

static int load_with(void (*change)(struct test_elf *elf))
{
	struct process *process;
	int error;

	begin();
	change(&elf);
	elf_store(&elf);
	bench_archive(&elf);
	error = bench_process(NULL, LIMIT, &process);
	CHECK(bench_holds(baseline));
	end();
	return error;
}

static void as_it_is(struct test_elf *program)
{
	(void)program;
}

static void no_elf(struct test_elf *program)
{
	program->header.ident[0] = 'M';
}

static void write_and_execute(struct test_elf *program)
{
	program->segment[0].flags |= ELF_FLAG_WRITE;
}

static void overlap(struct test_elf *program)
{
	program->segment[1].virtual_address = BENCH_CODE + 0x800;
}

static void entry_in_data(struct test_elf *program)
{
	program->header.entry = BENCH_DATA + 0x800;
}

static void entry_not_canonical(struct test_elf *program)
{
	program->header.entry = 1ull << 63;
}

static void entry_behind_code(struct test_elf *program)
{
	program->header.entry = BENCH_CODE + 16;
}

static void above(struct test_elf *program)
{
	program->segment[1].virtual_address = SPACE_END - PAGE_SIZE + 0x800;
}

static void below(struct test_elf *program)
{
	program->segment[1].virtual_address = 0x800;
}

static void in_the_monitor(struct test_elf *program)
{
	program->segment[1].virtual_address = MONITOR_VA + 0x800;
	program->segment[1].physical_address = 0;
}

static void over_the_stack(struct test_elf *program)
{
	program->segment[1].virtual_address = PROCESS_STACK_TOP - PAGE_SIZE + 0x800;
	program->segment[1].memory_size = 16;
}

static void too_big(struct test_elf *program)
{
	program->segment[1].memory_size = 65 * PAGE_SIZE;
}

static void huge(struct test_elf *program)
{
	program->segment[1].memory_size = ~0ull >> 1;
}

static void not_congruent(struct test_elf *program)
{
	program->segment[1].virtual_address += 8;
}

static void code_grows(struct test_elf *program)
{
	program->segment[0].memory_size = 32;
}

static void cut_off(struct test_elf *program)
{
	program->segment[0].file_size = program->segment[0].memory_size = TEST_ELF_SIZE;
}

TEST(programs)
{
	static const struct {
		void (*change)(struct test_elf *elf);
		int expected;
	} cases[] = {
		{ as_it_is, 0 },	       { no_elf, ERR_FORMAT },	      { write_and_execute, ERR_FORMAT },
		{ overlap, ERR_FORMAT },       { entry_in_data, ERR_FORMAT }, { entry_not_canonical, ERR_FORMAT },
		{ entry_behind_code, ERR_FORMAT }, { above, ERR_FORMAT },     { below, ERR_FORMAT },
		{ in_the_monitor, ERR_FORMAT }, { over_the_stack, ERR_FORMAT }, { too_big, ERR_NO_MEMORY },
		{ huge, ERR_FORMAT },	       { not_congruent, ERR_FORMAT }, { code_grows, ERR_FORMAT },
		{ cut_off, ERR_FORMAT },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int error = load_with(cases[i].change);

		if (error != cases[i].expected)
			printf("case %u\n", i);
		CHECK_EQ(error, cases[i].expected);
	}
}

TEST(a_program_starts_with_its_data)
{
	struct process *process;

	begin();
	process = make(NULL);
	CHECK_EQ(memcmp(space_pointer(&process->space, va(BENCH_DATA + 0x800), true), elf.data + 0x1800, 16), 0);
	CHECK(space_pointer(&process->space, va(BENCH_CODE), true) == NULL);
	CHECK(space_pointer(&process->space, va(PROCESS_STACK_TOP), false) == NULL);
	CHECK(space_pointer(&process->space, va(PROCESS_STACK_TOP - (PROCESS_STACK_PAGES + 1) * PAGE_SIZE), false) == NULL);
	end();
}

/* A number of pages whose size in bytes wraps is more than there is, too. */
TEST(more_pages_than_there_are)
{
	struct process *process;
	va_t start;

	begin();
	process = make(NULL);
	CHECK_EQ(space_find(&process->space, 1, &start), 0);
	CHECK_EQ(space_find(&process->space, SPACE_END / PAGE_SIZE, &start), ERR_NO_MEMORY);
	CHECK_EQ(space_find(&process->space, 1ull << 52, &start), ERR_NO_MEMORY);
	CHECK_EQ(space_find(&process->space, UINT64_MAX, &start), ERR_NO_MEMORY);
	end();
}

/* Every allocation on the way fails once: nothing is left behind. */
TEST(no_memory)
{
	int error = ERR_NO_MEMORY;

	begin();
	for (uint32_t i = 1; error != 0 && i < 200; i++) {
		struct process *process;

		mock_frame_countdown = i;
		error = bench_process(NULL, LIMIT, &process);
		mock_frame_countdown = 0;
		CHECK(error == 0 || error == ERR_NO_MEMORY);
		CHECK(bench_holds(baseline));
	}
	CHECK_EQ(error, 0);
	end();
}

TEST(processes_and_threads_are_bounded)
{
	struct process *process;

	begin();
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		process = make(NULL);
		for (uint32_t j = 1; j < PROCESS_THREADS_MAX; j++)
			CHECK_EQ(thread_create(process, va(BENCH_CODE), va(BENCH_DATA), 0), 0);
		CHECK_EQ(thread_create(process, va(BENCH_CODE), va(BENCH_DATA), 0), ERR_NO_MEMORY);
	}
	CHECK_EQ(bench_process(NULL, LIMIT, &process), ERR_NO_MEMORY);
	CHECK(bench_holds(baseline));
	end();
}

/* ---- channels ---- */

TEST(message_and_pages_go_and_come_back)
{
	struct process *server, *client;
	struct step *called;
	int64_t address;

	begin_pair(&server, &client);
	address = now(client, SYS_MEMORY_MAP, 2 * PAGE_SIZE, 0, 0);
	CHECK(address > 0);
	memset(space_pointer(&client->space, va((uint64_t)address + PAGE_SIZE), true), 0x77, PAGE_SIZE);
	*message(client) = (struct service_message){ .size = 5, .pages = 2, .address = (uint64_t)address, .data = "ping" };
	called = add(client, SYS_CALL, 4, MESSAGE, 0);
	CHECK_EQ(now(server, SYS_RECEIVE, 4, MESSAGE, 0), 0);
	CHECK_EQ(message(server)->size, 5);
	CHECK_EQ(message(server)->pages, 2);
	CHECK_EQ(memcmp(message(server)->data, "ping", 5), 0);
	CHECK(space_pointer(&client->space, va((uint64_t)address), false) == NULL);
	CHECK_EQ(*(uint8_t *)space_pointer(&server->space, va(message(server)->address + PAGE_SIZE), true), 0x77);
	message(server)->pages = 1;
	CHECK_EQ(now(server, SYS_REPLY, 4, MESSAGE, 0), 0);
	CHECK_EQ(called->result, 0);
	CHECK_EQ(message(client)->pages, 1);
	CHECK_EQ(now(server, SYS_REPLY, 4, MESSAGE, 0), ERR_STATE);
	end();
}

TEST(bad_messages_change_nothing)
{
	static const struct {
		uint32_t size, pages;
		uint64_t offset;
		int error;
	} cases[] = {
		{ SERVICE_MESSAGE_MAX + 1, 0, 0, ERR_INVALID }, { ~0u, 0, 0, ERR_INVALID },
		{ 0, SERVICE_MESSAGE_PAGES_MAX + 1, 0, ERR_INVALID }, { 0, ~0u, 0, ERR_INVALID },
		{ 0, 3, 0, ERR_ADDRESS },  /* the third is not there: the first two stay */
		{ 0, 1, 8, ERR_ADDRESS },  { 0, 2, ~0ull << 12, ERR_ADDRESS },
	};
	struct process *server, *client;
	uint64_t address;

	begin_pair(&server, &client);
	address = (uint64_t)now(client, SYS_MEMORY_MAP, 2 * PAGE_SIZE, 0, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		*message(client) = (struct service_message){ .size = cases[i].size, .pages = cases[i].pages,
							     .address = address + cases[i].offset };
		CHECK_EQ(now(client, SYS_CALL, 4, MESSAGE, 0), cases[i].error);
		CHECK(space_is_movable(&client->space, va(address)));
	}
	*message(client) = (struct service_message){ .pages = 1, .address = BENCH_DATA };
	CHECK_EQ(now(client, SYS_CALL, 4, MESSAGE, 0), ERR_ADDRESS);
	*message(client) = (struct service_message){ .pages = 1, .address = BENCH_CODE };
	CHECK_EQ(now(client, SYS_CALL, 4, MESSAGE, 0), ERR_ADDRESS);
	CHECK_EQ(now(client, SYS_CALL, 4, BENCH_DATA + 2 * PAGE_SIZE - 8, 0), ERR_ADDRESS);
	CHECK_EQ(now(client, SYS_CALL, 4, MONITOR_VA, 0), ERR_ADDRESS);
	end();
}

/* A receive buffer that is not there costs nobody a page. */
TEST(bad_buffer_takes_no_pages)
{
	struct process *server, *client;

	begin_pair(&server, &client);
	offer_page(client);
	(void)add(client, SYS_CALL, 4, MESSAGE, 0);
	CHECK_EQ(now(server, SYS_RECEIVE, 4, BENCH_CODE, 0), ERR_ADDRESS);
	CHECK_EQ(now(server, SYS_RECEIVE, 4, MESSAGE, 0), 0);
	CHECK_EQ(message(server)->pages, 1);
	end();
}

/* Pages of messages cannot fill the monitor's memory. */
TEST(received_pages_are_bounded)
{
	struct process *server, *client;
	uint32_t received = 0;

	begin_pair(&server, &client);
	for (int64_t result = 0; result == 0 && received < 100; received++) {
		uint64_t address = (uint64_t)now(client, SYS_MEMORY_MAP, 16 * PAGE_SIZE, 0, 0);

		step_count = 0;
		*message(client) = (struct service_message){ .pages = 16, .address = address };
		(void)add(client, SYS_CALL, 4, MESSAGE, 0);
		result = now(server, SYS_RECEIVE, 4, MESSAGE, 0);
		if (result != 0)
			CHECK_EQ(result, ERR_NO_MEMORY);
		else
			message(server)->pages = 0;
		if (result == 0)
			CHECK_EQ(now(server, SYS_REPLY, 4, MESSAGE, 0), 0);
		step_count = 0;
	}
	CHECK(received > 4 && received < 10);
	end();
}

/* A server that gives up its end with a request in hand: its caller learns of it, though the channel has another server. */
TEST(server_closes_its_end)
{
	struct process *server, *client, *other;
	struct step *called;

	begin_pair(&server, &client);
	other = make(NULL);
	CHECK_EQ(handle_add(other, server->handle[4]), 4);
	called = add(client, SYS_CALL, 4, MESSAGE, 0);
	CHECK_EQ(now(server, SYS_RECEIVE, 4, MESSAGE, 0), 0);
	CHECK_EQ(now(server, SYS_HANDLE_CLOSE, 4, 0, 0), 0);
	(void)services_run(NULL, 5);
	CHECK_EQ(called->result, ERR_STATE);
	end();
}

/* Another thread of a server that gives up its end does not receive from it any more. */
TEST(nobody_receives_through_a_closed_end)
{
	struct process *server, *client, *other;
	struct step *received;

	begin_pair(&server, &client);
	other = make(NULL);
	CHECK_EQ(handle_add(other, server->handle[4]), 4);
	received = add(server, SYS_RECEIVE, 4, MESSAGE, 0);
	(void)services_run(NULL, 5);
	handle_close(server, 4);
	(void)services_run(NULL, 5);
	CHECK_EQ(received->result, ERR_STATE);
	end();
}

/* A process that cannot be started for want of a handle does not keep its place. */
TEST(no_handle_for_a_child)
{
	const struct service_start start = { .name = "p", .file = "p", .memory_limit = LIMIT };
	struct process *parent, *last;

	begin();
	parent = make(NULL);
	for (uint32_t i = 4; i < SERVICE_HANDLES_MAX; i++)
		CHECK_EQ(handle_add(parent, (struct handle){ HANDLE_LOG, 0 }), (int)i);
	memcpy(space_pointer(&parent->space, va(MESSAGE), true), &start, sizeof(start));
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		step_count = 0;
		CHECK_EQ(now(parent, SYS_PROCESS_START, 2, MESSAGE, 0), ERR_NO_MEMORY);
	}
	CHECK_EQ(bench_process(NULL, LIMIT, &last), 0);
	end();
}

/* Whatever state the two are in when one of them ends: the other learns of it, and nothing is lost. */
TEST(server_ends)
{
	for (uint32_t when = 0; when < 3; when++) {
		struct process *server, *client;
		struct step *called;

		begin_pair(&server, &client);
		offer_page(client);
		if (when == 1)
			(void)now(server, SYS_RECEIVE, 4, MESSAGE, 0);
		called = add(client, SYS_CALL, 4, MESSAGE, 0);
		(void)services_run(NULL, 5);
		if (when == 2)
			(void)now(server, SYS_RECEIVE, 4, MESSAGE, 0);
		(void)now(server, SYS_EXIT, 1, 0, 0);
		(void)services_run(NULL, 5);
		CHECK_EQ(called->result, ERR_STATE);
		CHECK(bench_holds(baseline));
		end();
	}
}

TEST(client_ends)
{
	struct process *server, *client;

	begin_pair(&server, &client);
	offer_page(client);
	(void)add(client, SYS_CALL, 4, MESSAGE, 0);
	CHECK_EQ(now(server, SYS_RECEIVE, 4, MESSAGE, 0), 0);
	process_end(client, SERVICE_EXIT_FAULT, 14);
	CHECK(bench_holds(baseline));
	CHECK_EQ(now(server, SYS_REPLY, 4, MESSAGE, 0), ERR_STATE);
	CHECK_EQ(now(server, SYS_RECEIVE, 4, MESSAGE, 0), ERR_STATE);
	end();
}

/* ---- children ---- */

TEST(parent_waits)
{
	struct process *parent, *child = NULL;
	struct step *waited;
	struct service_exit *result;

	begin();
	parent = make(NULL);
	CHECK_EQ(now(parent, SYS_PROCESS_WAIT, BENCH_DATA, 0, 0), ERR_STATE);
	child = make(parent);
	CHECK_EQ(handle_add(parent, (struct handle){ HANDLE_PROCESS, process_index(child) }), 4);
	waited = add(parent, SYS_PROCESS_WAIT, BENCH_DATA, 0, 0);
	(void)services_run(NULL, 5);
	CHECK_EQ(waited->result, INT64_MIN);
	(void)now(child, SYS_EXIT, 42, 0, 0);
	/* The thread executes its system call once more. */
	waited->issued = false;
	(void)services_run(NULL, 5);
	CHECK_EQ(waited->result, 0);
	result = space_pointer(&parent->space, va(BENCH_DATA), false);
	CHECK_EQ(result->handle, 4);
	CHECK_EQ(result->reason, SERVICE_EXIT_CODE);
	CHECK_EQ(result->code, 42);
	CHECK_EQ(child->state, PROCESS_FREE);
	end();
}

TEST(limit_of_processor_time)
{
	struct process *process;
	const struct service_start start = { .name = "p", .file = "p", .memory_limit = LIMIT, .run_limit = 10 };

	begin();
	CHECK_EQ(process_create(&start, "", NULL, make(NULL), &process), 0);
	CHECK(!services_run(NULL, 5));
	CHECK_EQ(process->state, PROCESS_RUNNING);
	(void)services_run(NULL, 50);
	CHECK_EQ(process->state, PROCESS_ENDED);
	CHECK_EQ(process->exit_reason, SERVICE_EXIT_LIMIT);
	end();
}

static uint64_t stall_ticks;

/* The vCPU stands still while ring 3 runs. */
static void host_stalls(struct user_context *context, uint64_t root)
{
	(void)context;
	(void)root;
	mock_clock += stall_ticks;
}

/* A stay counts two slices at most: a host that stalls the vCPU does not end a service by that, one that loops ends. */
TEST(time_that_the_host_takes)
{
	const struct service_start start = { .name = "p", .file = "p", .memory_limit = LIMIT, .run_limit = 1000 };
	static const struct {
		uint32_t slice, counted;
	} cases[] = { { 4, 8 }, { 40, 80 }, { 30000, 200 } };

	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process *process;
		uint32_t stays = 0;

		begin();
		CHECK_EQ(process_create(&start, "", NULL, make(NULL), &process), 0);
		mock_user = host_stalls;
		stall_ticks = 90000ull * platform_ticks_per_ms();
		while (process->state == PROCESS_RUNNING && stays < 10000) {
			uint64_t before = process->run_time;

			(void)services_run(NULL, cases[i].slice);
			stays++;
			CHECK(process->state != PROCESS_RUNNING || process->run_time == before ||
			      process->run_time - before == cases[i].counted * platform_ticks_per_ms());
		}
		CHECK_EQ(process->exit_reason, SERVICE_EXIT_LIMIT);
		/* The first process has every other stay. */
		CHECK(stays > 1000 / cases[i].counted && stays <= 2 * (1000 / cases[i].counted + 1));
		end();
	}
}

/* Without a stall every tick from entry to exit counts; what the monitor does besides is not the service's. */
TEST(time_in_ring_3)
{
	const struct service_start start = { .name = "p", .file = "p", .memory_limit = LIMIT, .run_limit = 1000 };
	struct process *process;

	begin();
	CHECK_EQ(process_create(&start, "", NULL, NULL, &process), 0);
	process->run_limit = 1000ull * platform_ticks_per_ms();
	mock_user = host_stalls;
	stall_ticks = 3ull * platform_ticks_per_ms();
	(void)services_run(NULL, 3);
	CHECK(process->run_time >= 3ull * platform_ticks_per_ms() && process->run_time < 4ull * platform_ticks_per_ms());
	/* The counter of another processor may be behind. */
	stall_ticks = 0ull - 50ull * platform_ticks_per_ms();
	process->run_time = 0;
	mock_clock += 1000ull * platform_ticks_per_ms();
	(void)services_run(NULL, 4);
	CHECK(process->run_time <= 8ull * platform_ticks_per_ms());
	end();
}

/* A counter that is behind where the clock started leaves it as it is: time goes on later. */
TEST(clock_of_a_processor_that_is_behind)
{
	uint64_t before, after, now;

	begin();
	now = mock_clock;
	mock_clock += 1000ull * platform_ticks_per_ms();
	before = services_clock();
	mock_clock = 1;
	CHECK_EQ(services_clock(), before);
	mock_clock += 5000ull * platform_ticks_per_ms();
	after = services_clock();
	CHECK(after >= before && after - before <= 6000ull * 1000000u);
	mock_clock = now + 6000ull * platform_ticks_per_ms();
	end();
}

/* The host raises what it likes: only the instruction at RIP makes a system call. */
static uint64_t raised_vector, raised_at;

static void host_raises(struct user_context *context, uint64_t root)
{
	(void)root;
	context->frame.rax = SYS_EXIT;
	context->frame.rip = raised_at;
	context->frame.vector = raised_vector;
}

TEST(host_cannot_raise_a_system_call)
{
	struct process *process;

	begin();
	process = make(NULL);
	mock_user = host_raises;
	raised_vector = VECTOR_OTHER;
	raised_at = BENCH_CODE; /* INT 0x80 comes next */
	(void)services_run(NULL, 1);
	CHECK_EQ(process->state, PROCESS_RUNNING);
	raised_vector = VECTOR_GENERAL_PROTECTION;
	raised_at = BENCH_CODE + 2; /* INT 0x80 was before */
	(void)services_run(NULL, 1);
	CHECK_EQ(process->exit_reason, SERVICE_EXIT_FAULT);
	CHECK_EQ(process->exit_code, VECTOR_GENERAL_PROTECTION);
	end();
}

/* ---- the door ---- */

static uint8_t answer[PAGE_SIZE];
static uint32_t fetched;

static int fill(void *context, uint8_t *data, uint32_t *size, uint8_t *page)
{
	(void)page;
	memcpy(data, context, sizeof(uint64_t));
	*size = sizeof(uint64_t);
	return 0;
}

static int fetch(void *context, const uint8_t *data, uint32_t size, const uint8_t *page)
{
	(void)context;
	(void)data;
	fetched = size;
	if (page != NULL)
		memcpy(answer, page, PAGE_SIZE);
	return 0;
}

static int exchange(uint64_t vcpu, uint64_t key)
{
	const struct door_exchange one = { .protocol = PROTOCOL, .vcpu = vcpu, .key = key, .fill = fill, .fetch = fetch,
					   .context = &key };

	return door_exchange(&one);
}

static struct process *behind_the_door(void)
{
	struct process *server = make(NULL);
	uint32_t channel = connect(server, NULL);

	CHECK_EQ(door_publish(PROTOCOL, (struct handle){ HANDLE_CLIENT, channel }), 0);
	return server;
}

TEST(door_gives_the_vcpu_back)
{
	struct process *server;

	begin();
	server = behind_the_door();
	(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0);
	CHECK_EQ(exchange(0, 1), ERR_INCOMPLETE);
	CHECK_EQ(exchange(1, 1), ERR_BUSY);
	CHECK_EQ(exchange(0, 1), ERR_INCOMPLETE);
	(void)add(server, SYS_REPLY, 4, MESSAGE, 0);
	CHECK_EQ(exchange(0, 1), 0);
	CHECK_EQ(fetched, 8);
	end();
}

/* Nobody fetches the answer: another vCPU gets the door after a while. */
TEST(door_is_not_parked_for_ever)
{
	struct process *server;
	int error = ERR_BUSY;

	begin();
	server = behind_the_door();
	(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0);
	CHECK_EQ(exchange(0, 1), ERR_INCOMPLETE);
	(void)add(server, SYS_REPLY, 4, MESSAGE, 0);
	for (uint32_t i = 0; i < 20000 && error == ERR_BUSY; i++) {
		error = exchange(1, 2);
		mock_clock += 20000; /* a millisecond */
	}
	CHECK_EQ(error, ERR_INCOMPLETE);
	end();
}

TEST(door_of_a_service_that_dies)
{
	struct process *server;

	begin();
	server = behind_the_door();
	(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0);
	(void)add(server, SYS_EXIT, 0, 0, 0);
	CHECK_EQ(exchange(0, 1), ERR_STATE);
	CHECK_EQ(exchange(0, 1), ERR_STATE);
	CHECK(bench_holds(baseline));
	end();
}

TEST(door_of_a_service_that_waits_for_another)
{
	struct process *server;

	begin();
	server = behind_the_door();
	(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0);
	(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0); /* without an answer */
	CHECK_EQ(exchange(0, 1), ERR_STATE);
	CHECK(bench_holds(baseline));
	end();
}

/* ---- system calls ---- */

TEST(calls_that_need_no_other)
{
	struct process *process;
	uint8_t *data;
	int64_t time;

	begin();
	process = make(NULL);
	data = space_pointer(&process->space, va(BENCH_DATA), true);
	CHECK_EQ(now(process, SYS_COUNT, 0, 0, 0), ERR_UNSUPPORTED);
	CHECK_EQ(now(process, ~0ull, 0, 0, 0), ERR_UNSUPPORTED);
	CHECK_EQ(now(process, SYS_YIELD, 0, 0, 0), 0);
	time = now(process, SYS_CLOCK, 0, 0, 0);
	CHECK(time >= 0 && now(process, SYS_CLOCK, 0, 0, 0) > time);
	memcpy(data, "text\033\n", 6);
	CHECK_EQ(now(process, SYS_LOG, 0, BENCH_DATA, 6), 0);
	CHECK_EQ(now(process, SYS_LOG, 1, BENCH_DATA, 6), ERR_INVALID); /* no log */
	CHECK_EQ(now(process, SYS_LOG, 0, BENCH_DATA, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_LOG, 0, BENCH_DATA, SERVICE_LOG_MAX + 1), ERR_INVALID);
	CHECK_EQ(now(process, SYS_LOG, 0, MONITOR_VA, 6), ERR_ADDRESS);
	memset(data, 0, 64);
	CHECK_EQ(now(process, SYS_RANDOM, 1, BENCH_DATA, 32), 0);
	CHECK(memcmp(data, data + 32, 32) != 0);
	CHECK_EQ(data[32], 0);
	CHECK_EQ(now(process, SYS_RANDOM, 0, BENCH_DATA, 32), ERR_INVALID);
	CHECK_EQ(now(process, SYS_RANDOM, 1, BENCH_DATA, SERVICE_RANDOM_MAX + 1), ERR_INVALID);
	CHECK_EQ(now(process, SYS_RANDOM, 1, BENCH_CODE, 32), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_SET_TLS, MONITOR_VA, 0, 0), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_SET_TLS, BENCH_DATA, 0, 0), 0);
	CHECK_EQ(now(process, SYS_SET_UPCALL, MONITOR_VA, 0, 0), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_SET_UPCALL, BENCH_CODE + 8, 0, 0), 0);
	CHECK_EQ(process->upcall.v, BENCH_CODE + 8);
	CHECK_EQ(now(process, SYS_SET_UPCALL, 0, 0, 0), 0);
	end();
}

TEST(memory_is_mapped_and_unmapped)
{
	struct process *process;
	uint64_t start;

	begin();
	process = make(NULL);
	CHECK_EQ(now(process, SYS_MEMORY_MAP, 0, 0, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_MEMORY_MAP, 1ull << 40, 0, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_MEMORY_MAP, LIMIT, 0, 0), ERR_NO_MEMORY); /* with what it has already */
	mock_frame_countdown = 3;
	CHECK_EQ(now(process, SYS_MEMORY_MAP, 4 * PAGE_SIZE, 0, 0), ERR_NO_MEMORY);
	start = (uint64_t)now(process, SYS_MEMORY_MAP, PAGE_SIZE + 1, 0, 0);
	CHECK(space_pointer(&process->space, va(start + PAGE_SIZE), true) != NULL);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, start + 8, PAGE_SIZE, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, MONITOR_VA, PAGE_SIZE, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, start, ~PAGE_MASK, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, BENCH_CODE, PAGE_SIZE, 0), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, start, 3 * PAGE_SIZE, 0), ERR_ADDRESS); /* the third is not there */
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, start, 2 * PAGE_SIZE, 0), 0);
	CHECK(space_pointer(&process->space, va(start), true) == NULL);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, start, PAGE_SIZE, 0), ERR_ADDRESS);
	end();
}

TEST(threads_come_and_go)
{
	struct process *process;

	begin();
	process = make(NULL);
	CHECK_EQ(now(process, SYS_THREAD_CREATE, MONITOR_VA, BENCH_DATA, 0), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_THREAD_CREATE, BENCH_CODE, 0, 0), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_THREAD_CREATE, BENCH_CODE, BENCH_DATA, 7), 0);
	CHECK_EQ(process->threads, 2);
	(void)now(process, SYS_THREAD_EXIT, 0, 0, 0);
	CHECK_EQ(process->threads, 1);
	CHECK_EQ(process->state, PROCESS_RUNNING);
	(void)now(process, SYS_THREAD_EXIT, 0, 0, 0);
	CHECK(process->state != PROCESS_RUNNING);
	end();
}

TEST(handles)
{
	struct process *process, *other;

	begin();
	process = make(NULL);
	other = make(NULL);
	CHECK_EQ(now(process, SYS_HANDLE_CLOSE, SERVICE_HANDLES_MAX, 0, 0), ERR_INVALID);
	CHECK_EQ(now(process, SYS_HANDLE_CLOSE, 9, 0, 0), ERR_INVALID);
	for (uint64_t number = SYS_CALL; number <= SYS_REPLY; number++)
		CHECK_EQ(now(process, number, 0, MESSAGE, 0), ERR_INVALID); /* the log is no channel */
	CHECK_EQ(now(process, SYS_HANDLE_CLOSE, 0, 0, 0), 0);
	CHECK_EQ(now(process, SYS_LOG, 0, BENCH_DATA, 1), ERR_INVALID);
	CHECK_EQ(now(other, SYS_LOG, 0, BENCH_DATA, 1), 0);
	end();
}

TEST(channels_are_made)
{
	struct process *process, *other;
	const int32_t *number;

	begin();
	process = make(NULL);
	other = make(NULL);
	number = space_pointer(&process->space, va(BENCH_DATA), false);
	CHECK_EQ(now(process, SYS_CHANNEL_CREATE, BENCH_CODE, 0, 0), ERR_ADDRESS);
	CHECK_EQ(process->handle[4].type, HANDLE_NONE);
	CHECK_EQ(now(process, SYS_CHANNEL_CREATE, BENCH_DATA, 0, 0), 0);
	CHECK_EQ(number[0], 4);
	CHECK_EQ(number[1], 5);
	CHECK_EQ(now(other, SYS_HANDLE_CLOSE, SERVICE_INIT_DOOR, 0, 0), 0);
	CHECK_EQ(now(other, SYS_CHANNEL_CREATE, BENCH_DATA, 0, 0), ERR_PERMISSION);
	/* The table fills up: 28 handles are 14 channels; then one place is left for two ends. */
	for (uint32_t i = 6; i < SERVICE_HANDLES_MAX; i += 2)
		CHECK_EQ(now(process, SYS_CHANNEL_CREATE, BENCH_DATA, 0, 0), 0);
	CHECK_EQ(now(process, SYS_CHANNEL_CREATE, BENCH_DATA, 0, 0), ERR_NO_MEMORY);
	CHECK_EQ(now(process, SYS_HANDLE_CLOSE, 5, 0, 0), 0);
	CHECK_EQ(now(process, SYS_CHANNEL_CREATE, BENCH_DATA, 0, 0), ERR_NO_MEMORY);
	CHECK_EQ(process->handle[5].type, HANDLE_NONE);
	end();
}

TEST(files_are_mapped)
{
	struct process *process;
	struct service_file *file;
	char *name;

	begin();
	process = make(NULL);
	name = space_pointer(&process->space, va(BENCH_DATA), true);
	file = space_pointer(&process->space, va(MESSAGE), true);
	memcpy(name, "p", 2);
	CHECK_EQ(now(process, SYS_FILE_MAP, 0, BENCH_DATA, MESSAGE), ERR_INVALID);
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, MONITOR_VA, MESSAGE), ERR_ADDRESS);
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, MESSAGE), 0);
	CHECK_EQ(file->size, TEST_ELF_SIZE);
	CHECK(memcmp(space_pointer(&process->space, va(file->address), false), "\177ELF", 4) == 0);
	CHECK(space_pointer(&process->space, va(file->address), true) == NULL);
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, BENCH_CODE), ERR_ADDRESS);
	memcpy(name, "q", 2);
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, MESSAGE), ERR_NOT_FOUND);
	end();
}

/* Files of four pages fill most of 2 MiB; the next one lies in two page tables, and there is no frame for the second. */
TEST(files_are_mapped_whole_or_not_at_all)
{
	struct process *process;
	struct service_file *file;
	uint64_t last;

	begin();
	process = make(NULL);
	memcpy(space_pointer(&process->space, va(BENCH_DATA), true), "p", 2);
	file = space_pointer(&process->space, va(MESSAGE), true);
	CHECK_EQ(now(process, SYS_MEMORY_MAP, 2 * PAGE_SIZE, 0, 0), 0x10000000);
	do {
		step_count = 0;
		CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, MESSAGE), 0);
	} while (file->address + 2 * TEST_ELF_SIZE <= 0x10000000 + PAGE_SIZE_2M);
	last = file->address + TEST_ELF_SIZE;
	CHECK_EQ(last, 0x10000000 + PAGE_SIZE_2M - 2 * PAGE_SIZE);
	mock_frame_countdown = 1;
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, MESSAGE), ERR_NO_MEMORY);
	mock_frame_countdown = 0;
	CHECK(space_pointer(&process->space, va(last), false) == NULL);
	CHECK(space_pointer(&process->space, va(last + PAGE_SIZE), false) == NULL);
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, BENCH_CODE), ERR_ADDRESS);
	CHECK(space_pointer(&process->space, va(last), false) == NULL);
	CHECK(space_pointer(&process->space, va(last + 3 * PAGE_SIZE), false) == NULL);
	CHECK_EQ(now(process, SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, BENCH_DATA, MESSAGE), 0);
	CHECK_EQ(file->address, last);
	CHECK_EQ(now(process, SYS_MEMORY_UNMAP, last, PAGE_SIZE, 0), ERR_ADDRESS); /* the archive's, not its own */
	end();
}

static int64_t start_child(struct process *parent, const struct service_start *start)
{
	memcpy(space_pointer(&parent->space, va(BENCH_DATA), true), start, sizeof(*start));
	return now(parent, SYS_PROCESS_START, SERVICE_INIT_ARCHIVE, BENCH_DATA, 0);
}

TEST(children_are_started)
{
	struct service_start start = { .name = "child", .file = "p", .memory_limit = LIMIT, .handle_count = 2, .handle = { 1, 0 } };
	struct process *parent;
	const struct process *child;

	begin();
	parent = make(NULL);
	CHECK_EQ(now(parent, SYS_PROCESS_START, 0, BENCH_DATA, 0), ERR_INVALID);
	CHECK_EQ(now(parent, SYS_PROCESS_START, SERVICE_INIT_ARCHIVE, MONITOR_VA, 0), ERR_ADDRESS);
	start.environment = MESSAGE;
	start.environment_size = 5;
	memcpy(space_pointer(&parent->space, va(MESSAGE), true), "A=B\0", 5);
	CHECK_EQ(start_child(parent, &start), 4);
	child = process_by_index(parent->handle[4].index);
	CHECK_TEXT(child->name, "child");
	CHECK_EQ(child->handle[0].type, HANDLE_RANDOM);
	CHECK_EQ(child->handle[1].type, HANDLE_LOG);
	CHECK_EQ(child->handle[2].type, HANDLE_NONE);
	start.environment_size = 3; /* without its NUL */
	CHECK_EQ(start_child(parent, &start), ERR_INVALID);
	start.environment_size = SERVICE_ENVIRONMENT_MAX + 1;
	CHECK_EQ(start_child(parent, &start), ERR_INVALID);
	start.environment_size = 5;
	start.environment = MONITOR_VA;
	CHECK_EQ(start_child(parent, &start), ERR_ADDRESS);
	start.environment_size = 0;
	start.handle_count = SERVICE_HANDLES_MAX + 1;
	CHECK_EQ(start_child(parent, &start), ERR_INVALID);
	start.handle_count = 1;
	for (int32_t bad = -1; bad != 0; bad = bad == -1 ? 32 : bad == 32 ? 9 : bad == 9 ? 4 : 0) {
		start.handle[0] = bad; /* no handle, none in this place, and that of a process */
		CHECK_EQ(start_child(parent, &start), ERR_INVALID);
	}
	start.handle[0] = 0;
	memcpy(start.file, "q", 2);
	CHECK_EQ(start_child(parent, &start), ERR_NOT_FOUND);
	end();
}

TEST(doors_are_published)
{
	struct process *server;
	uint32_t channel;

	begin();
	server = make(NULL);
	channel = connect(server, NULL);
	CHECK_EQ(handle_add(server, (struct handle){ HANDLE_CLIENT, channel }), 5);
	CHECK_EQ(now(server, SYS_PUBLISH, 0, PROTOCOL + 1, 5), ERR_INVALID);
	CHECK_EQ(now(server, SYS_PUBLISH, SERVICE_INIT_DOOR, 1ull << 32, 5), ERR_INVALID);
	CHECK_EQ(now(server, SYS_PUBLISH, SERVICE_INIT_DOOR, PROTOCOL + 1, 4), ERR_INVALID); /* the server's end */
	CHECK(!door_is_open(PROTOCOL + 1));
	CHECK_EQ(now(server, SYS_PUBLISH, SERVICE_INIT_DOOR, PROTOCOL + 1, 5), 0);
	CHECK(door_is_open(PROTOCOL + 1));
	CHECK_EQ(now(server, SYS_PUBLISH, SERVICE_INIT_DOOR, PROTOCOL + 1, 5), 0); /* in place of itself */
	end();
}

/* SYSCALL is an invalid opcode: the process says where it goes on, or ends. */
static void executes_syscall(struct user_context *context, uint64_t root)
{
	(void)root;
	if (context->frame.rip == BENCH_CODE + 8) {
		context->frame.vector = VECTOR_TIMER;
		return;
	}
	context->frame.rip = BENCH_DATA;
	context->frame.vector = VECTOR_INVALID_OPCODE;
}

TEST(syscall_instruction_goes_to_the_upcall)
{
	struct process *process;

	begin();
	process = make(NULL);
	memcpy(space_pointer(&process->space, va(BENCH_DATA), true), "\x0F\x05", 2);
	CHECK_EQ(now(process, SYS_SET_UPCALL, BENCH_CODE + 8, 0, 0), 0);
	mock_user = executes_syscall;
	(void)services_run(NULL, 1);
	CHECK_EQ(process->state, PROCESS_RUNNING);
	mock_user = play;
	CHECK_EQ(now(process, SYS_SET_UPCALL, 0, 0, 0), 0);
	mock_user = executes_syscall;
	(void)services_run(NULL, 1);
	CHECK_EQ(process->exit_reason, SERVICE_EXIT_FAULT);
	CHECK_EQ(process->exit_code, VECTOR_INVALID_OPCODE);
	end();
}

/* ---- a reset of the guest ---- */

static struct process *reset_server;
static int32_t reset_error;
static uint32_t reset_size, resets;
static bool reset_received;

static void answers_resets(struct user_context *context, uint64_t root)
{
	struct service_message *request = message(reset_server);
	const struct reset_reply reply = { .error = reset_error };

	(void)root;
	if (!reset_received) {
		reset_received = true;
		mock_system_call(context, SYS_RECEIVE, 4, MESSAGE, 0);
	} else {
		CHECK_EQ(request->size, sizeof(struct reset_request));
		CHECK_EQ(request->data[1], SERVICE_OP_RESET >> 8);
		resets++;
		reset_received = false;
		request->size = reset_size;
		memcpy(request->data, &reply, sizeof(reply));
		mock_system_call(context, SYS_REPLY, 4, MESSAGE, 0);
	}
	context->frame.rip = BENCH_CODE;
}

static void ends_at_once(struct user_context *context, uint64_t root)
{
	(void)root;
	mock_system_call(context, SYS_EXIT, 0, 0, 0);
	context->frame.rip = BENCH_CODE;
}

TEST(services_are_reset)
{
	begin();
	reset_server = behind_the_door();
	mock_user = answers_resets;
	reset_size = sizeof(struct reset_reply);
	resets = 0;
	CHECK_EQ(door_reset(), 0);
	CHECK_EQ(resets, 1);
	reset_error = ERR_STATE;
	CHECK_EQ(door_reset(), ERR_STATE);
	CHECK_EQ(resets, 2);
	reset_error = 0;
	reset_size = 0; /* no answer to this request */
	CHECK_EQ(door_reset(), ERR_STATE);
	mock_user = ends_at_once; /* nothing of the old guest is left in a service that is not there */
	CHECK_EQ(door_reset(), 0);
	CHECK(reset_server->state != PROCESS_RUNNING);
	mock_user = play;
	end();
}

/* ---- calls of test images for a test service (kernel/protocol/test.c) ---- */

#define GUEST_PAGE 0x00110000ull

static uint64_t test_call(struct vcpu_call *call)
{
	return protocol_test(vcpu_by_index(0), PROTOCOL, call);
}

/* A server that gives each request back as its answer. */
static struct process *echo(uint32_t requests)
{
	struct process *server = behind_the_door();

	for (uint32_t i = 0; i < requests; i++) {
		(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0);
		(void)add(server, SYS_REPLY, 4, MESSAGE, 0);
	}
	return server;
}

TEST(test_calls_go_to_their_service)
{
	struct vcpu_call call = { .rcx = 0x1234567890ull, .rdx = GUEST_PAGE, .r8 = 7 };

	begin();
	(void)echo(3);
	CHECK_EQ(test_call(&call), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	protocol_test_enabled = true;
	CHECK_EQ(protocol_test(vcpu_by_index(0), 0x7ABCDEF0u, &call), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	mock_give(GUEST_PAGE);
	memset(mock_memory(GUEST_PAGE), 0x3C, PAGE_SIZE);
	CHECK_EQ(test_call(&call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 0x1234567890ull);
	CHECK_EQ(call.rdx, 16 | 1ull << 32);
	CHECK_EQ(*mock_memory(GUEST_PAGE + PAGE_SIZE - 1), 0x3C);
	/* Without a page of the guest's. */
	call = (struct vcpu_call){ .rcx = 5, .r8 = 8 };
	CHECK_EQ(test_call(&call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 5);
	CHECK_EQ(call.rdx, 16 | 1ull << 32);
	/* A page that is not the guest's: the service hears of nothing. */
	call = (struct vcpu_call){ .rcx = 6, .rdx = GUEST_PAGE + PAGE_SIZE };
	CHECK_EQ(test_call(&call), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(call.rcx, 6);
	call = (struct vcpu_call){ .rcx = 6 };
	CHECK_EQ(test_call(&call), SVSM_SUCCESS);
	protocol_test_enabled = false;
	end();
}

TEST(test_call_that_loses_its_page)
{
	struct vcpu_call call = { .rcx = 1, .rdx = GUEST_PAGE };
	struct process *server;

	begin();
	server = behind_the_door();
	(void)add(server, SYS_RECEIVE, 4, MESSAGE, 0);
	protocol_test_enabled = true;
	mock_give(GUEST_PAGE);
	CHECK_EQ(test_call(&call), SVSM_ERR_INCOMPLETE);
	mock_host_take(GUEST_PAGE);
	(void)add(server, SYS_REPLY, 4, MESSAGE, 0);
	CHECK_EQ(test_call(&call), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(call.rcx, 1);
	CHECK_EQ(call.rdx, GUEST_PAGE);
	protocol_test_enabled = false;
	end();
}

/* What attacks look for: in one frame that stays the monitor's, and in frames that it has given back. */
TEST(canaries_are_planted)
{
	uint64_t found = 0, used;
	const uint8_t *frame;

	begin();
	used = mock_frames_used;
	protocol_test_plant();
	CHECK_EQ(mock_frames_used, used + 1);
	for (uint64_t i = 0; i < MOCK_FRAMES; i++) {
		uint64_t word;

		frame = paging_region_pointer(pa(MONITOR_GPA + i * PAGE_SIZE));
		memcpy(&word, frame + PAGE_SIZE - sizeof(word), sizeof(word));
		found += word == nutshell_canary_word(NUTSHELL_CANARY_WORDS - 1u);
	}
	CHECK_EQ(found, 33);
	/* Without memory nothing is planted, and nothing is wrong. */
	mock_frame_countdown = 1;
	protocol_test_plant();
	mock_frame_countdown = 2;
	protocol_test_plant();
	mock_frame_countdown = 0;
	mock_frames_reset();
}
