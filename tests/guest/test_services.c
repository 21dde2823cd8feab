/* SPDX-License-Identifier: MIT */
/*
 * Services in ring 3, through the private protocols of test images: whatever a service does, the guest gets an answer
 * or an error, and the monitor and the other services go on. The image must carry the archive of tests/services
 * (test.archive of the build): without it all of these fail.
 */
#define GUEST_AREA "08"
#include "tests/guest/test.h"

#include "abi/launch.h"
#include "abi/policy.h"
#include "abi/service.h"
#include "tests/guest/machine.h"
#include "tests/guest/svsm.h"
#include "tests/services/probe/probe.h"

#define TRIES_MAX 5000u
#define CR4_SSE 0x600u /* OSFXSR, OSXMMEXCPT */
#define MANY_CALLS 10000u
#define STAY_BUCKETS 24u
#define BUCKET_16_MS 14u /* below 16,384 us */

static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));

/* The payload's memory is mapped one to one. */
static uint64_t page_gpa(void)
{
	return (uint64_t)(uintptr_t)page;
}

/* Issues a call until it is done. */
static uint64_t ask(uint32_t protocol, uint64_t op, uint64_t argument, uint64_t buffer, struct svsm_args *result)
{
	uint64_t code = SVSM_ERR_INCOMPLETE;

	for (uint32_t i = 0; i < TRIES_MAX && (code == SVSM_ERR_INCOMPLETE || code == SVSM_ERR_BUSY); i++) {
		*result = (struct svsm_args){ .rcx = op, .rdx = buffer, .r8 = argument };
		code = svsm_call(protocol, 0, result);
	}
	return code;
}

static void check_alive(uint64_t after)
{
	struct svsm_args result;

	CHECK_EQ_FOR(ask(PROBE_PROTOCOL, PROBE_ECHO, 0x1234, 0, &result), SVSM_SUCCESS, after);
	CHECK_EQ_FOR(result.rcx, 0x1234, after);
}

TEST(service_answers_with_its_page)
{
	struct svsm_args result;

	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		page[i] = (uint8_t)(i * 7);
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_ECHO, 5, page_gpa(), &result), SVSM_SUCCESS);
	CHECK_EQ(result.rcx, 5);
	CHECK_EQ(result.rdx, 8 | 1ull << 32);
	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		CHECK_EQ(page[i], (uint8_t)~(i * 7));
}

/* Each of these ends the service; the caller gets an error, and a fresh service answers the next call. */
TEST(service_faults)
{
	struct svsm_args result;

	for (uint64_t op = PROBE_ECHO + 1; op <= PROBE_LAST_FATAL; op++) {
		CHECK_EQ_FOR(ask(PROBE_PROTOCOL, op, 0, page_gpa(), &result), SVSM_ERR_INVALID_REQUEST, op);
		check_alive(op);
	}
}

TEST(service_loops)
{
	struct svsm_args result;

	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_LOOP, 0, 0, &result), SVSM_ERR_INVALID_REQUEST);
	check_alive(PROBE_LOOP);
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_LOOP_SYSCALLS, 0, 0, &result), SVSM_ERR_INVALID_REQUEST);
	check_alive(PROBE_LOOP_SYSCALLS);
}

/* While a service loops the guest gets its vCPU back, and the Core protocol works. */
TEST(service_runs_in_slices)
{
	struct svsm_args result = { .rcx = PROBE_LOOP };
	uint32_t slices = 0;

	while (svsm_call(PROBE_PROTOCOL, 0, &result) == SVSM_ERR_INCOMPLETE) {
		struct svsm_args query = { .rcx = SVSM_CORE_VERSION };

		CHECK_EQ(svsm_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &query), SVSM_SUCCESS);
		result = (struct svsm_args){ .rcx = PROBE_LOOP };
		if (++slices == TRIES_MAX)
			break;
	}
	/* Its limit in slices of 4 ms, or in fewer and longer ones when the machine below is busy. */
	test_print("note: %u slices\n", slices);
	CHECK(slices >= 4 && slices <= PROBE_RUN_MS / 4 + 1);
	check_alive(PROBE_LOOP);
}

/* Another call of the same vCPU takes the door; the first one's answer is dropped. */
TEST(service_call_is_given_up)
{
	struct svsm_args result;
	uint64_t code = SVSM_SUCCESS;

	/* Longer than a slice, also when the timer is late. */
	for (uint32_t i = 0; i < 8 && code == SVSM_SUCCESS; i++) {
		result = (struct svsm_args){ .rcx = PROBE_SSE, .r8 = 3000u << i };
		code = svsm_call(PROBE_PROTOCOL, 0, &result);
	}
	CHECK_EQ(code, SVSM_ERR_INCOMPLETE);
	check_alive(PROBE_SSE);
}

TEST(service_answers_wrongly)
{
	struct svsm_args result;

	for (uint64_t op = PROBE_REPLY_TOO_LONG; op <= PROBE_REPLY_KERNEL_POINTER; op++) {
		CHECK_EQ_FOR(ask(PROBE_PROTOCOL, op, 9, page_gpa(), &result), SVSM_SUCCESS, op);
		CHECK_EQ_FOR(result.rcx, 0, op);
		check_alive(op);
	}
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_REPLY_TWICE, 9, page_gpa(), &result), SVSM_SUCCESS);
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_REPLY_NO_PAGE, 9, page_gpa(), &result), SVSM_SUCCESS);
	CHECK_EQ(result.rdx >> 32, 0);
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_NO_REPLY, 9, page_gpa(), &result), SVSM_ERR_INVALID_REQUEST);
	check_alive(PROBE_NO_REPLY);
}

TEST(service_own_tests)
{
	struct svsm_args result;

	for (uint64_t op = PROBE_FLAGS; op < PROBE_CALL; op++) {
		CHECK_EQ_FOR(ask(PROBE_PROTOCOL, op, 30, 0, &result), SVSM_SUCCESS, op);
		CHECK_EQ_FOR(result.rcx, 0, op);
		check_alive(op);
	}
}

/* The service uses the same registers; the guest's are in its save area meanwhile. */
TEST(vector_registers_of_the_guest_survive)
{
	struct svsm_args result;
	uint64_t cr4, first = 0, last = 0;
	int32_t x87 = 0;

	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4 | CR4_SSE) : "memory");
	__asm__ volatile("fninit; fldpi; movq %0, %%xmm0; movq %1, %%xmm15" : : "r"(0x0123456789ABCDEFull), "r"(~0ull));
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_SSE, 3, 0, &result), SVSM_SUCCESS);
	__asm__ volatile("movq %%xmm0, %0; movq %%xmm15, %1; fistpl %2" : "=r"(first), "=r"(last), "=m"(x87));
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4) : "memory");
	CHECK_EQ(first, 0x0123456789ABCDEFull);
	CHECK_EQ(last, ~0ull);
	CHECK_EQ(x87, 3);
}

TEST(service_calls_service)
{
	struct svsm_args result;

	CHECK_EQ(ask(PROBE_CLIENT_PROTOCOL, PROBE_CALL, PROBE_ECHO, 0, &result), SVSM_SUCCESS);
	CHECK_EQ(result.rcx, 0);
	CHECK_EQ(ask(PROBE_CLIENT_PROTOCOL, PROBE_CALL, PROBE_READ_NULL, 0, &result), SVSM_SUCCESS);
	CHECK_EQ(result.rcx, 0);
	CHECK_EQ(ask(PROBE_CLIENT_PROTOCOL, PROBE_CALL, PROBE_ECHO, 0, &result), SVSM_SUCCESS);
	CHECK_EQ(result.rcx, 0);
}

TEST(service_policies)
{
	struct svsm_args result;

	CHECK_EQ(ask(PROBE_MISSING_PROTOCOL, PROBE_ECHO, 0, 0, &result), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	CHECK_EQ(ask(PROBE_ONCE_PROTOCOL, PROBE_ECHO, 1, 0, &result), SVSM_SUCCESS);
	CHECK_EQ(ask(PROBE_ONCE_PROTOCOL, PROBE_DIVIDE, 1, 0, &result), SVSM_ERR_INVALID_REQUEST);
	CHECK_EQ(ask(PROBE_ONCE_PROTOCOL, PROBE_ECHO, 1, 0, &result), SVSM_ERR_INVALID_REQUEST);
	CHECK_EQ(ask(PROBE_FAILED_PROTOCOL, PROBE_ECHO, 1, 0, &result), SVSM_SUCCESS);
	CHECK_EQ(result.rcx, 1);
	CHECK_EQ(ask(PROBE_FAILED_PROTOCOL, PROBE_DIVIDE, 1, 0, &result), SVSM_ERR_INVALID_REQUEST);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(ask(PROBE_FAILED_PROTOCOL, PROBE_ECHO, 1, 0, &result), SVSM_SUCCESS);
		CHECK_EQ(result.rcx, PROBE_FAILED);
	}
}

/* The buffer of a call must be the guest's, like any other. */
TEST(service_buffers)
{
	struct svsm_args result;

	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_ECHO, 0, monitor_gpa(), &result), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_ECHO, 0, ~0xFFFull, &result), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_ECHO, 0, page_gpa() + 8, &result), SVSM_ERR_INVALID_ADDRESS);
	check_alive(0);
}

/* Which one it should be, the test knows that built the image. */
TEST(service_learns_the_secure_boot_mode)
{
	struct svsm_args result;

	CHECK_EQ(ask(PROBE_PROTOCOL, PROBE_SECURE_BOOT, 0, 0, &result), SVSM_SUCCESS);
	CHECK(result.rcx <= POLICY_SECURE_BOOT_DEPLOYED);
	test_print("note: secure-boot mode of the services: %llu\n", (unsigned long long)result.rcx);
}

static uint64_t monitor_counter(uint64_t which, uint64_t index)
{
	struct svsm_args args = { .rcx = which, .rdx = index };

	CHECK_EQ(svsm_call(PROBE_MONITOR_PROTOCOL, 0, &args), SVSM_SUCCESS);
	return args.rcx;
}

TEST(monitor_counters_are_bounded)
{
	struct svsm_args args = { .rcx = TEST_MONITOR_STAYS, .rdx = 1000 };

	CHECK_EQ(svsm_call(PROBE_MONITOR_PROTOCOL, 0, &args), SVSM_ERR_INVALID_PARAMETER);
	args = (struct svsm_args){ .rcx = 1000 };
	CHECK_EQ(svsm_call(PROBE_MONITOR_PROTOCOL, 0, &args), SVSM_ERR_INVALID_PARAMETER);
}

/* Nothing in the monitor grows with the number of calls, nor with the number of services that died. */
TEST(service_many_calls)
{
	uint64_t before = monitor_counter(TEST_MONITOR_MEMORY, 0);

	for (uint32_t i = 0; i < MANY_CALLS; i++) {
		struct svsm_args result;

		CHECK_EQ_FOR(ask(PROBE_PROTOCOL, PROBE_ECHO, i, i % 2 != 0 ? page_gpa() : 0, &result), SVSM_SUCCESS, i);
		CHECK_EQ_FOR(result.rcx, i, i);
	}
	CHECK_EQ(monitor_counter(TEST_MONITOR_MEMORY, 0), before);
	for (uint32_t i = 0; i < 50; i++) {
		struct svsm_args result;

		CHECK_EQ_FOR(ask(PROBE_PROTOCOL, PROBE_DIVIDE, 0, page_gpa(), &result), SVSM_ERR_INVALID_REQUEST, i);
		check_alive(i);
	}
	CHECK_EQ(monitor_counter(TEST_MONITOR_MEMORY, 0), before);
}

/* How long the vCPU was away at a time, in all tests before this one. Seconds are noise here: printed, not checked. */
TEST(stays_at_vmpl0)
{
	uint64_t all = 0, above = 0;

	for (uint64_t i = 0; i < STAY_BUCKETS; i++) {
		uint64_t count = monitor_counter(TEST_MONITOR_STAYS, i);

		all += count;
		above += i > BUCKET_16_MS ? count : 0;
		if (count != 0)
			test_print("note: stays at VMPL0 below %llu us: %llu\n", 1ull << i, (unsigned long long)count);
	}
	CHECK(all > MANY_CALLS);
	test_bench("stays", all, "stays");
	test_bench("stays_above_16_ms", above, "stays");
}
