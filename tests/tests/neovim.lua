-- Drives `cargo gate lsp` in Neovim without a terminal: opens a file, waits for the findings of the last run, and takes each
-- action that is offered at the first of them. What it saw goes to `$SEEN` as JSON.
local root, file, server, seen = vim.env.ROOT, vim.env.FILE, vim.env.SERVER, vim.env.SEEN
local limit = 120000
local shown = {}
vim.lsp.handlers['window/showMessage'] = function(_, params)
  table.insert(shown, params.message)
end
vim.lsp.handlers['window/showDocument'] = function(_, params)
  table.insert(shown, table.concat(vim.fn.readfile(vim.uri_to_fname(params.uri)), '\n'))
  return { success = true }
end

vim.cmd('edit ' .. vim.fn.fnameescape(file))
local buffer = vim.api.nvim_get_current_buf()
local client = vim.lsp.start_client({ name = 'cargo-gate', cmd = { server, 'lsp' }, root_dir = root })
vim.lsp.buf_attach_client(buffer, client)
vim.wait(limit, function()
  return #vim.diagnostic.get(buffer) > 0
end)

local diagnostics = vim.diagnostic.get(buffer)
local first = diagnostics[1]
local place = { line = first.lnum, character = first.col }
local answers = vim.lsp.buf_request_sync(buffer, 'textDocument/codeAction', {
  textDocument = { uri = vim.uri_from_bufnr(buffer) },
  range = { start = place, ['end'] = place },
  context = { diagnostics = {} },
}, limit)
local titles = {}
for _, action in ipairs(answers[client].result) do
  table.insert(titles, action.title)
  if action.edit then
    vim.lsp.util.apply_workspace_edit(action.edit, 'utf-16')
  end
  if action.command then
    vim.lsp.buf_request_sync(buffer, 'workspace/executeCommand', action.command, limit)
    vim.wait(limit, function()
      return #shown > 0
    end)
  end
end
vim.cmd('wall')
vim.fn.writefile({
  vim.fn.json_encode({ code = first.code, message = first.message, titles = titles, shown = shown }),
}, seen)
vim.cmd('qall!')
