/* SPDX-License-Identifier: MIT */
#include "kernel/platform/snp/ghcb.h"

#include "abi/snp.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

#define PSC_ROUNDS_MAX 1024u /* a host that makes no more progress than this is refused */

uint64_t ghcb_msr_call(uint64_t request)
{
	cpu_write_msr(MSR_GHCB, request);
	cpu_vmgexit();
	return cpu_read_msr(MSR_GHCB);
}

void ghcb_terminate(uint8_t set, uint8_t code)
{
	for (;;)
		(void)ghcb_msr_call(GHCB_MSR_TERMINATE | (uint64_t)(set & 0xFu) << 12 | (uint64_t)code << 16);
}

static void set_valid(volatile struct ghcb *ghcb, size_t bit)
{
	ghcb->valid_bitmap[bit / 8u] = (uint8_t)(ghcb->valid_bitmap[bit / 8u] | 1u << (bit % 8u));
}

static bool is_valid(const volatile struct ghcb *ghcb, size_t bit)
{
	return (ghcb->valid_bitmap[bit / 8u] & 1u << (bit % 8u)) != 0;
}

int ghcb_call(const struct ghcb_event *event, uint64_t *info_2)
{
	struct percpu *cpu = percpu_self();
	volatile struct ghcb *ghcb = cpu->ghcb;
	uint64_t status, value;

	for (size_t i = 0; i < sizeof(ghcb->valid_bitmap); i++)
		ghcb->valid_bitmap[i] = 0;
	ghcb->protocol_version = GHCB_VERSION_SNP;
	ghcb->usage = 0;
	ghcb->sw_exit_code = event->exit_code;
	ghcb->sw_exit_info_1 = event->info_1;
	ghcb->sw_exit_info_2 = event->info_2;
	set_valid(ghcb, GHCB_VALID_BIT(sw_exit_code));
	set_valid(ghcb, GHCB_VALID_BIT(sw_exit_info_1));
	set_valid(ghcb, GHCB_VALID_BIT(sw_exit_info_2));
	if (event->scratch != 0) {
		ghcb->sw_scratch = event->scratch;
		set_valid(ghcb, GHCB_VALID_BIT(sw_scratch));
	}
	if (event->has_rax) {
		ghcb->rax = event->rax;
		set_valid(ghcb, GHCB_VALID_BIT(rax));
	}
	if (event->has_msr) {
		ghcb->rcx = event->rcx;
		ghcb->rdx = event->rdx;
		set_valid(ghcb, GHCB_VALID_BIT(rcx));
		set_valid(ghcb, GHCB_VALID_BIT(rdx));
	}
	if (event->has_rbx) {
		ghcb->rbx = event->rbx;
		set_valid(ghcb, GHCB_VALID_BIT(rbx));
	}
	cpu_write_msr(MSR_GHCB, cpu->ghcb_gpa);
	cpu_vmgexit();
	if (!is_valid(ghcb, GHCB_VALID_BIT(sw_exit_info_1)) || !is_valid(ghcb, GHCB_VALID_BIT(sw_exit_info_2)))
		return ERR_HOST;
	status = ghcb->sw_exit_info_1;
	value = ghcb->sw_exit_info_2;
	if ((uint32_t)status != GHCB_STATUS_OK)
		return ERR_HOST;
	if (info_2 != NULL)
		*info_2 = value;
	return 0;
}

int ghcb_write_msr(uint32_t msr, uint64_t value)
{
	struct ghcb_event event = { .exit_code = SVM_EXIT_MSR,
				    .info_1 = 1,
				    .rax = (uint32_t)value,
				    .has_rax = true,
				    .has_msr = true,
				    .rcx = msr,
				    .rdx = value >> 32 };

	return ghcb_call(&event, NULL);
}

int ghcb_read_msr(uint32_t msr, uint64_t *value)
{
	struct ghcb_event event = { .exit_code = SVM_EXIT_MSR, .has_msr = true, .rcx = msr };
	const volatile struct ghcb *ghcb = percpu_self()->ghcb;

	if (ghcb_call(&event, NULL) != 0 || !is_valid(ghcb, GHCB_VALID_BIT(rax)) || !is_valid(ghcb, GHCB_VALID_BIT(rdx)))
		return ERR_HOST;
	*value = (uint32_t)ghcb->rax | ghcb->rdx << 32;
	return 0;
}

int ghcb_guest_request(uint64_t request, uint64_t response, uint64_t data, uint64_t pages, uint64_t *detail)
{
	struct ghcb_event event = { .exit_code = pages != 0 ? GHCB_EXIT_EXTENDED_GUEST_REQUEST : GHCB_EXIT_GUEST_REQUEST,
				    .info_1 = request,
				    .info_2 = response,
				    .has_rax = pages != 0,
				    .rax = data,
				    .has_rbx = pages != 0,
				    .rbx = pages };
	const volatile struct ghcb *ghcb = percpu_self()->ghcb;
	uint64_t result;

	*detail = ~0ull;
	/* An event that the host cannot carry out, for example because a page is not shared: it has not carried the message. */
	if (ghcb_call(&event, &result) != 0)
		return ERR_BUSY;
	*detail = result;
	if (result == 0)
		return 0;
	if (result == GUEST_REQUEST_VMM_BUSY << GUEST_REQUEST_VMM_SHIFT)
		return ERR_BUSY;
	if (result != GUEST_REQUEST_VMM_INVALID_LEN << GUEST_REQUEST_VMM_SHIFT || pages == 0 ||
	    !is_valid(ghcb, GHCB_VALID_BIT(rbx)))
		return ERR_HOST;
	*detail = ghcb->rbx;
	return ERR_OVERFLOW;
}

int ghcb_register(uint64_t gpa)
{
	uint64_t answer = ghcb_msr_call(GHCB_MSR_REGISTER_REQ | gpa);

	return answer == (GHCB_MSR_REGISTER_RSP | gpa) ? 0 : ERR_HOST;
}

void ghcb_port_write(uint16_t port, const char *text, size_t length)
{
	struct percpu *cpu = percpu_self();

	while (length > 0) {
		size_t chunk = length < GHCB_SHARED_BUFFER_SIZE ? length : GHCB_SHARED_BUFFER_SIZE;
		struct ghcb_event event = {
			.exit_code = SVM_EXIT_IOIO,
			.info_1 = (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_STRING | GHCB_IOIO_REP |
				  GHCB_IOIO_SIZE_8 | GHCB_IOIO_ADDR_64 | GHCB_IOIO_SEG_DS,
			.info_2 = chunk,
			.scratch = cpu->ghcb_gpa + offsetof(struct ghcb, shared_buffer),
		};

		memcpy(cpu->ghcb->shared_buffer, text, chunk);
		if (ghcb_call(&event, NULL) != 0)
			return;
		text += chunk;
		length -= chunk;
	}
}

/* Fills a list from *at on; the number of entries. */
static uint32_t fill_psc(struct psc_desc *list, uint64_t *at, uint64_t end, uint64_t operation)
{
	uint32_t count = 0;

	while (*at < end && count < PSC_ENTRY_MAX) {
		bool large = is_aligned(*at, PAGE_SIZE_2M) && end - *at >= PAGE_SIZE_2M;

		list->entry[count++] = *at | operation << PSC_ENTRY_OP_SHIFT | (large ? PSC_ENTRY_2M : 0);
		*at += large ? PAGE_SIZE_2M : PAGE_SIZE;
	}
	list->header = (struct psc_header){ .cur_entry = 0, .end_entry = (uint16_t)(count - 1u) };
	return count;
}

/* Lets the host work on the list in the shared buffer until it has done all of it. */
static int run_psc(uint32_t count)
{
	struct percpu *cpu = percpu_self();
	volatile struct psc_header *header = (volatile struct psc_header *)(void *)cpu->ghcb->shared_buffer;
	uint32_t done = 0;

	for (uint32_t round = 0; round < PSC_ROUNDS_MAX; round++) {
		struct ghcb_event event = { .exit_code = GHCB_EXIT_PSC,
					    .scratch = cpu->ghcb_gpa + offsetof(struct ghcb, shared_buffer) };
		uint64_t result;
		uint32_t current;

		if (ghcb_call(&event, &result) != 0 || result != 0)
			return ERR_HOST;
		current = header->cur_entry;
		if (current < done || current > count || header->end_entry != count - 1u)
			return ERR_HOST;
		done = current;
		if (done == count)
			return 0;
	}
	return ERR_HOST;
}

int ghcb_page_state_change(uint64_t start, uint64_t size, uint64_t operation)
{
	struct psc_desc *list = (void *)percpu_self()->ghcb->shared_buffer;
	uint64_t end = start + size;

	while (start < end) {
		uint32_t count = fill_psc(list, &start, end, operation);
		int error = run_psc(count);

		if (error != 0)
			return error;
	}
	return 0;
}

int ghcb_page_state_change_early(uint64_t gpa, uint64_t operation)
{
	uint64_t answer = ghcb_msr_call(GHCB_MSR_PSC_REQ | gpa | operation << PSC_ENTRY_OP_SHIFT);

	return answer == GHCB_MSR_PSC_RSP ? 0 : ERR_HOST;
}
