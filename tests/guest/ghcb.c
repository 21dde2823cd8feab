/* SPDX-License-Identifier: MIT */
#include "tests/guest/ghcb.h"

#include "abi/ghcb.h"
#include "abi/snp.h"
#include "lib/string.h"
#include "tests/guest/cpu.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"

#define COM1 0x3F8u
#define CONSOLE_CHUNK 1024u
#define TERMINATE_SET_PAYLOAD 0xEull
#define TERMINATE_HOST 1u
#define TERMINATE_RESCIND 2u
#define TERMINATE_SHARE 3u
#define TERMINATE_REGISTER 4u
#define TERMINATE_EVENT 5u
#define PSC_TRIES 4096u

uint64_t ghcb_sev_info, ghcb_features;

static struct ghcb page __attribute__((aligned(4096)));
static bool registered;

uint64_t ghcb_gpa(void)
{
	return (uint64_t)(uintptr_t)&page;
}

uint64_t ghcb_msr_call(uint64_t request)
{
	struct registers registers = { .rflags = 2 };

	vmgexit(&registers, request);
	return cpu_read_ghcb_msr();
}

void ghcb_terminate(uint8_t reason)
{
	for (;;)
		(void)ghcb_msr_call(GHCB_MSR_TERMINATE | TERMINATE_SET_PAYLOAD << 12 | (uint64_t)reason << 16);
}

static void set_valid(size_t bit)
{
	page.valid_bitmap[bit / 8u] = (uint8_t)(page.valid_bitmap[bit / 8u] | 1u << (bit % 8u));
}

void ghcb_prepare(uint64_t code, uint64_t info_1, uint64_t info_2)
{
	memset(page.valid_bitmap, 0, sizeof(page.valid_bitmap));
	page.protocol_version = GHCB_VERSION_SNP;
	page.usage = 0;
	page.sw_exit_code = code;
	page.sw_exit_info_1 = info_1;
	page.sw_exit_info_2 = info_2;
	set_valid(GHCB_VALID_BIT(sw_exit_code));
	set_valid(GHCB_VALID_BIT(sw_exit_info_1));
	set_valid(GHCB_VALID_BIT(sw_exit_info_2));
}

uint32_t ghcb_status(void)
{
	volatile const uint64_t *info = &page.sw_exit_info_1;

	return (uint32_t)*info;
}

static void set_scratch(void)
{
	page.sw_scratch = (uint64_t)(uintptr_t)page.shared_buffer;
	set_valid(GHCB_VALID_BIT(sw_scratch));
}

static void set_rax(uint64_t value)
{
	page.rax = value;
	set_valid(GHCB_VALID_BIT(rax));
}

static uint32_t exit_to_host(void)
{
	struct registers registers = { .rflags = 2 };

	vmgexit(&registers, ghcb_gpa());
	__asm__ volatile("" : : : "memory");
	return ghcb_status();
}

static void require_exit(void)
{
	if (exit_to_host() != GHCB_STATUS_OK)
		ghcb_terminate(TERMINATE_EVENT);
}

static void share_page(void)
{
	struct registers call;

	svsm_early_rescind(ghcb_gpa(), &call);
	if (call.rax != 0)
		ghcb_terminate(TERMINATE_RESCIND);
	if (ghcb_msr_call(GHCB_MSR_PSC_REQ | (uint64_t)PSC_OP_SHARED << PSC_ENTRY_OP_SHIFT | ghcb_gpa()) !=
	    GHCB_MSR_PSC_RSP)
		ghcb_terminate(TERMINATE_SHARE);
	paging_set_shared(&page, true);
	memset(&page, 0, sizeof(page));
}

void ghcb_init(void)
{
	ghcb_sev_info = ghcb_msr_call(GHCB_MSR_SEV_INFO_REQ);
	ghcb_features = ghcb_msr_call(GHCB_MSR_FEATURES_REQ);
	if ((ghcb_sev_info & GHCB_MSR_CODE_MASK) != GHCB_MSR_SEV_INFO_RSP ||
	    (ghcb_features & GHCB_MSR_CODE_MASK) != GHCB_MSR_FEATURES_RSP)
		ghcb_terminate(TERMINATE_HOST);
	share_page();
	if (ghcb_msr_call(GHCB_MSR_REGISTER_REQ | ghcb_gpa()) != (GHCB_MSR_REGISTER_RSP | ghcb_gpa()))
		ghcb_terminate(TERMINATE_REGISTER);
	registered = true;
}

void ghcb_console(const char *text, size_t length)
{
	while (registered && length > 0) {
		size_t chunk = length < CONSOLE_CHUNK ? length : CONSOLE_CHUNK;

		memcpy(page.shared_buffer, text, chunk);
		ghcb_prepare(SVM_EXIT_IOIO,
			     COM1 << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_STRING | GHCB_IOIO_REP | GHCB_IOIO_SIZE_8 |
				     GHCB_IOIO_ADDR_64 | GHCB_IOIO_SEG_DS,
			     chunk);
		set_scratch();
		require_exit();
		text += chunk;
		length -= chunk;
	}
}

uint32_t ghcb_port_in(uint16_t port)
{
	ghcb_prepare(SVM_EXIT_IOIO,
		     (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_IN | GHCB_IOIO_SIZE_32 | GHCB_IOIO_ADDR_64, 0);
	set_rax(0);
	require_exit();
	return (uint32_t)page.rax;
}

void ghcb_port_out(uint16_t port, uint32_t value)
{
	ghcb_prepare(SVM_EXIT_IOIO, (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_SIZE_32 | GHCB_IOIO_ADDR_64, 0);
	set_rax(value);
	require_exit();
}

void ghcb_port_out_8(uint16_t port, uint8_t value)
{
	ghcb_prepare(SVM_EXIT_IOIO, (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_SIZE_8 | GHCB_IOIO_ADDR_64, 0);
	set_rax(value);
	require_exit();
}

int ghcb_msr_access(uint32_t index, bool write, uint64_t *value)
{
	ghcb_prepare(SVM_EXIT_MSR, write ? 1 : 0, 0);
	page.rcx = index;
	set_valid(GHCB_VALID_BIT(rcx));
	if (write) {
		set_rax((uint32_t)*value);
		page.rdx = *value >> 32;
		set_valid(GHCB_VALID_BIT(rdx));
	}
	if (exit_to_host() != GHCB_STATUS_OK)
		return ERR_HOST;
	if (!write)
		*value = page.rdx << 32 | (uint32_t)page.rax;
	return 0;
}

int ghcb_timestamp(uint64_t *value)
{
	ghcb_prepare(SVM_EXIT_RDTSC, 0, 0);
	if (exit_to_host() != GHCB_STATUS_OK)
		return ERR_HOST;
	*value = page.rdx << 32 | (uint32_t)page.rax;
	return 0;
}

static int run_state_list(uint16_t entries)
{
	volatile struct psc_desc *list = (volatile struct psc_desc *)page.shared_buffer;

	for (uint32_t i = 0; i < PSC_TRIES && list->header.cur_entry < entries; i++) {
		ghcb_prepare(GHCB_EXIT_PSC, 0, 0);
		set_scratch();
		if (exit_to_host() != GHCB_STATUS_OK || *(volatile uint64_t *)&page.sw_exit_info_2 != 0)
			return ERR_HOST;
	}
	return list->header.cur_entry == entries ? 0 : ERR_HOST;
}

int ghcb_page_state(uint64_t gpa, uint32_t count, uint32_t operation, bool size_2m)
{
	struct psc_desc *list = (struct psc_desc *)page.shared_buffer;

	while (count > 0) {
		uint16_t entries = (uint16_t)(count < PSC_ENTRY_MAX ? count : PSC_ENTRY_MAX);

		list->header = (struct psc_header){ .end_entry = (uint16_t)(entries - 1u) };
		for (uint16_t i = 0; i < entries; i++) {
			list->entry[i] = gpa | (uint64_t)operation << PSC_ENTRY_OP_SHIFT | (size_2m ? PSC_ENTRY_2M : 0);
			gpa += size_2m ? PAGE_SIZE_2M : PAGE_SIZE;
		}
		if (run_state_list(entries) != 0)
			return ERR_HOST;
		count -= entries;
	}
	return 0;
}

int ghcb_processor(uint32_t apic_id, uint64_t vmsa, uint32_t request)
{
	uint64_t vmpl = MACHINE_SECRETS->svsm_guest_vmpl;

	ghcb_prepare(GHCB_EXIT_AP_CREATION,
		     (uint64_t)apic_id << AP_CREATION_APIC_ID_SHIFT | vmpl << AP_CREATION_VMPL_SHIFT | request, vmsa);
	set_rax(SEV_FEATURE_SNP_ACTIVE);
	return exit_to_host() == GHCB_STATUS_OK ? 0 : ERR_HOST;
}
