"""Where a project stands between prompting, LoRA and full fine-tuning, and what comes next.

The source documents' hybrid strategy (document B, section 9) as a state that follows from what the
run folder holds: `plan.make_plan` puts it together, `evidence` reads, `to_lora`, `to_full` and
`release` hold the gates, `forecast` says what the next phase takes, `roadmap` ticks the documents'
weeks.
"""
