using Microsoft.Playwright;

namespace Pacs.Interop;

/// <summary>Somebody without a mouse. Wherever the tabulator stops there must be something to see, and something that is not below something else (WCAG 2.2, 2.4.7 and 2.4.11).</summary>
public sealed class Keyboardist(IPage page)
{
    // what a page has, and some more
    private const int MostStops = 400;

    /// <summary>What has the focus, in a few words; what is wrong with it behind an exclamation mark. Empty where the browser itself has it.</summary>
    private const string Focus = """
        () => {
          const e = document.activeElement;
          if (!e || e === document.body || e === document.documentElement) return '';
          const name = `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}.${e.className} ${(e.getAttribute('aria-label') || e.textContent || e.title || '').trim().replace(/\s+/g, ' ').slice(0, 40)}`;
          const outlined = n => { const s = getComputedStyle(n); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; };
          let shown = null;
          for (let n = e; n && n !== document.body && !shown; n = n.parentElement) {
            const box = n.getBoundingClientRect();
            // a field of the viewer has its border above the image
            const ring = n.classList.contains('pane') && getComputedStyle(n, '::after').borderTopWidth;
            if (box.width > 2 && box.height > 2 && (outlined(n) || (ring && parseFloat(ring) >= 2))) shown = n;
          }
          if (!shown) return name + ' ! nothing shows the focus';
          const box = shown.getBoundingClientRect();
          if (box.bottom < 1 || box.right < 1 || box.top > innerHeight - 1 || box.left > innerWidth - 1) return name + ` ! out of sight: ${Math.round(box.left)},${Math.round(box.top)}`;
          const at = (x, y) => document.elementFromPoint(Math.min(Math.max(x, 0), innerWidth - 1), Math.min(Math.max(y, 0), innerHeight - 1));
          const points = [[(box.left + box.right) / 2, (box.top + box.bottom) / 2], [box.left + 3, box.top + 3], [box.right - 3, box.bottom - 3]];
          if (!points.some(([x, y]) => { const top = at(x, y); return top && (shown.contains(top) || top.contains(shown)); })) return name + ' ! below something else';
          return name;
        }
        """;

    // the same, and takes the mark of what had to be come to
    private const string Visit = $"mark => {{ const found = ({Focus})(); document.activeElement?.removeAttribute(mark); return found; }}";

    private int _stops;

    /// <summary>Presses keys, one after the other.</summary>
    public async Task PressAsync(params string[] keys)
    {
        foreach (var key in keys)
        {
            await page.Keyboard.PressAsync(key);
        }
    }

    /// <summary>Writes where the focus is.</summary>
    public Task TypeAsync(string text) => page.Keyboard.TypeAsync(text);

    /// <summary>Goes to an element with the tabulator.</summary>
    public async Task TabToAsync(string selector)
    {
        for (var i = 0; i < MostStops; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            await SeenAsync();
            if (await HasAsync(selector))
            {
                return;
            }
        }
        Assert.Fail($"no way to {selector} with the tabulator on {page.Url}");
    }

    /// <summary>Goes to an element and opens it with Enter, and waits for the page it leads to.</summary>
    public async Task FollowAsync(string selector, string url)
    {
        await TabToAsync(selector);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync(url);
    }

    /// <summary>Whether an element has the focus.</summary>
    public Task<bool> HasAsync(string selector) => page.EvaluateAsync<bool>("selector => document.activeElement?.matches(selector) ?? false", selector);

    /// <summary>Checks that what has the focus shows it.</summary>
    public async Task SeenAsync()
    {
        var found = await page.EvaluateAsync<string>(Focus);
        Assert.False(found.Contains(" ! ", StringComparison.Ordinal), $"{page.Url}: {found}");
    }

    /// <summary>Goes with the tabulator through all of a page, until the browser has it again. Returns what is wrong: where nothing shows the focus, what is left out, and where there is no way on.</summary>
    public async Task<IReadOnlyList<string>> WalkAsync()
    {
        var wrong = new List<string>();
        var mark = $"data-stop-{++_stops}";
        // all that it must come to; radio buttons of one name are one stop
        await page.EvaluateAsync("""
            mark => {
              for (const e of (document.querySelector('dialog:modal') ?? document).querySelectorAll('a[href], button, input, select, textarea, summary, canvas[tabindex="0"], video, iframe'))
                if (e.tabIndex >= 0 && !e.disabled && e.type !== 'hidden' && e.type !== 'radio' && e.checkVisibility({ visibilityProperty: true })) e.setAttribute(mark, '');
            }
            """, mark);
        var isRound = await page.EvaluateAsync<bool>("document.activeElement === document.body");
        for (var i = 0; i < MostStops; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            var found = await page.EvaluateAsync<string>(Visit, mark);
            if (found.Length == 0 && !isRound)
            {
                isRound = true; // the walk may have begun anywhere
            }
            else if (found.Length == 0)
            {
                var left = await page.EvaluateAsync<string[]>("mark => [...document.querySelectorAll(`[${mark}]`)].map(e => e.outerHTML.slice(0, 120))", mark);
                wrong.AddRange(left.Select(e => $"the tabulator does not stop at {e}"));
                return wrong;
            }
            if (found.Contains(" ! ", StringComparison.Ordinal))
            {
                wrong.Add(found);
            }
        }
        wrong.Add("the tabulator does not come back: " + await page.EvaluateAsync<string>(Focus));
        return wrong;
    }
}
